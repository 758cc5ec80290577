//! What `POST /reels` refuses, and in which order.

use std::net::TcpListener;

use avvivo_kernel::time::business_day;
use serde_json::{Value, json};

use crate::support::{MEDIA, TestApp, people::Owner, rows::ReelRow};

async fn refused(app: &TestApp, token: &str, body: &Value) -> String {
    app.post("/reels").bearer(token).json(body).await.word()
}

/// A shop with everything wrong with it that keeps it from publishing but not from asking.
async fn unlucky(app: &TestApp) -> Owner {
    let owner = app.owner(1).await;
    app.change(
        "UPDATE shops SET status = 'AGENDA_SUSPENDED', plan = 'SIN_PLAN', plan_tier = 'NONE' WHERE id = $1",
        owner.shop,
    )
    .await;
    app.reel(1, owner.shop, ReelRow::processing()).await;
    owner
}

/// The answer to a shop that has spent what its day had. A request that came after that day's midnight is not counted, nor is
/// what came of it.
async fn refused_without_quota(app: &TestApp, owner: &Owner, body: &Value) -> String {
    let token = app.token(&owner.person);
    let today = || business_day(app.core.deps.clock.now());
    loop {
        let day = today();
        sqlx::query("DELETE FROM reels WHERE shop_id = $1")
            .bind(owner.shop)
            .execute(app.pool())
            .await
            .unwrap();
        sqlx::query(
            "UPDATE quota_wallets SET reel_extra_balance = 0, reel_daily_limit = 1, reel_daily_used = 1, reel_day = $2
             WHERE shop_id = $1",
        )
        .bind(owner.shop)
        .bind(day)
        .execute(app.pool())
        .await
        .unwrap();
        let answer = refused(app, &token, body).await;
        if today() == day {
            return answer;
        }
    }
}

#[tokio::test]
async fn one_reason_after_the_other_in_the_documented_order() {
    let app = TestApp::start().await;
    let owner = unlucky(&app).await;
    let token = app.token(&owner.person);
    let photos = json!({"shopId": owner.shop, "type": "PHOTO_SET", "photoUrls": ["", null]});
    assert_eq!(
        refused(&app, &token, &photos).await,
        "400 reel.photos_missing"
    );
    let photos = json!({"shopId": owner.shop, "type": "PHOTO_SET", "photoUrls": vec!["u"; 6]});
    assert_eq!(
        refused(&app, &token, &photos).await,
        "400 reel.too_many_photos"
    );
    let mut body = json!({"shopId": owner.shop, "videoUrl": ""});
    assert_eq!(refused(&app, &token, &body).await, "400 reel.video_missing");
    body["videoUrl"] = json!(format!("{MEDIA}/shops/{}/1-0-absent.mp4", owner.shop));
    assert_eq!(refused(&app, &token, &body).await, "400 reel.media_missing");
    let body = app.new_video(owner.shop).await;
    assert_eq!(refused(&app, &token, &body).await, "400 shop.not_enabled");
    app.change(
        "UPDATE shops SET status = 'ACTIVE' WHERE id = $1",
        owner.shop,
    )
    .await;
    assert_eq!(refused(&app, &token, &body).await, "400 shop.no_plan");
    app.change(
        "UPDATE shops SET plan = 'BASIC', plan_tier = 'BASICO' WHERE id = $1",
        owner.shop,
    )
    .await;
    assert_eq!(
        refused(&app, &token, &body).await,
        "409 reel.already_processing"
    );
    assert_eq!(
        refused_without_quota(&app, &owner, &body).await,
        "400 quota.no_reels_left"
    );
    app.change(
        "UPDATE quota_wallets SET reel_extra_balance = 1 WHERE shop_id = $1",
        owner.shop,
    )
    .await;
    app.post("/reels").bearer(&token).json(&body).await.ok();
}

#[tokio::test]
async fn nothing_is_fetched_from_addresses_that_are_not_uploads_of_the_shop() {
    let app = TestApp::start().await;
    let (owner, other) = (app.owner(1).await, app.owner(2).await);
    let token = app.token(&owner.person);
    let somewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    somewhere.set_nonblocking(true).unwrap();
    let there = format!("http://{}", somewhere.local_addr().unwrap());
    let foreign = [
        format!("{there}/video.mp4"),
        format!("{there}/shops/{}/1-0-desfile.mp4", owner.shop),
        app.stored(other.shop, "1-0-desfile.mp4", "video/mp4").await,
        format!(
            "{MEDIA}/shops/{}/../{}/1-0-desfile.mp4",
            owner.shop, other.shop
        ),
        format!(
            "{MEDIA}/shops/{}/%2e%2e/{}/1-0-desfile.mp4",
            owner.shop, other.shop
        ),
        format!("{MEDIA}/shops/{}/deeper/1-0-desfile.mp4", owner.shop),
        format!("{MEDIA}/shops/{}/", owner.shop),
        format!("{MEDIA}.evil.example/shops/{}/1-0-desfile.mp4", owner.shop),
        "https://www.instagram.com/reel/abc".to_owned(),
        "file:///etc/passwd".to_owned(),
        "nonsense".to_owned(),
    ];
    let own = app.stored(owner.shop, "1-0-desfile.mp4", "video/mp4").await;
    for url in foreign {
        let bodies = [
            json!({"shopId": owner.shop, "videoUrl": url}),
            json!({"shopId": owner.shop, "type": "PHOTO_SET", "photoUrls": [url]}),
            json!({"shopId": owner.shop, "videoUrl": own, "editorState": {"renderOverlayUrl": url}}),
            json!({"shopId": owner.shop, "videoUrl": own, "editorState": {"renderOverlay": {"url": url}}}),
        ];
        for body in bodies {
            assert_eq!(
                refused(&app, &token, &body).await,
                "400 reel.foreign_media",
                "{body}"
            );
        }
    }
    let still = json!({"shopId": owner.shop, "videoUrl": own, "thumbnailUrl": format!("{there}/still.jpg")});
    let reel = app.post("/reels").bearer(&token).json(&still).await.ok();
    assert!(reel["thumbnailUrl"].is_null());
    let visitor = somewhere.accept();
    assert_eq!(visitor.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_file_is_checked_by_name_type_and_size() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    for (name, content_type, expected) in [
        ("a.webm", "video/webm", "400 upload.video_format"),
        ("a.mp4", "text/html", "400 upload.video_type"),
        ("a.mp4", "video/webm", "400 upload.video_type"),
    ] {
        let url = app.stored(owner.shop, name, content_type).await;
        let body = json!({"shopId": owner.shop, "videoUrl": url});
        assert_eq!(
            refused(&app, &token, &body).await,
            expected,
            "{name} {content_type}"
        );
    }
    let path = format!("shops/{}/empty.mp4", owner.shop);
    app.store(&path, "video/mp4", b"").await;
    let body = json!({"shopId": owner.shop, "videoUrl": format!("{MEDIA}/{path}")});
    assert_eq!(refused(&app, &token, &body).await, "400 upload.empty");
    let url = app.stored(owner.shop, "a.mp4", "video/mp4").await;
    let photos = json!({"shopId": owner.shop, "type": "PHOTO_SET", "photoUrls": [url]});
    assert_eq!(
        refused(&app, &token, &photos).await,
        "400 upload.not_a_photo"
    );
}

#[tokio::test]
async fn fields_that_cannot_be_meant_are_named() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    for (fields, expected) in [
        (json!({"durationSeconds": "soon"}), "400 reel.invalid_field"),
        (json!({"durationSeconds": {}}), "400 reel.invalid_field"),
        (json!({"durationSeconds": true}), "400 reel.invalid_field"),
        (json!({"photoUrls": "u"}), "400 request.invalid_field"),
        (json!({"videoUrl": 7}), "400 request.invalid_field"),
    ] {
        let mut body = app.new_video(owner.shop).await;
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        assert_eq!(refused(&app, &token, &body).await, expected, "{fields}");
    }
}

#[tokio::test]
async fn whose_shop_it_is_comes_before_everything_else() {
    let app = TestApp::start().await;
    let owner = app.token(&app.owner(1).await.person);
    let admin = app.token(&app.admin(2).await);
    let nowhere = "00000000-0000-0000-0000-00000000ffff";
    for body in [
        json!({}),
        json!({"shopId": "text"}),
        json!({"shopId": nowhere}),
    ] {
        assert_eq!(
            refused(&app, &owner, &body).await,
            "403 auth.not_yours",
            "{body}"
        );
    }
    assert_eq!(
        refused(&app, &admin, &json!({})).await,
        "400 reel.invalid_field"
    );
    assert_eq!(
        refused(&app, &admin, &json!({"shopId": "text"})).await,
        "404 shop.not_found"
    );
    let body = app.new_video(nowhere.parse().unwrap()).await;
    assert_eq!(refused(&app, &admin, &body).await, "404 shop.not_found");
}

#[tokio::test]
async fn a_reel_in_process_blocks_its_shop_until_it_is_stale() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let first = app.post("/reels").bearer(&token).json(&body).await.ok();
    let id = first["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        refused(&app, &token, &body).await,
        "409 reel.already_processing"
    );
    let admin = app.token(&app.admin(2).await);
    app.post("/reels").bearer(&admin).json(&body).await.ok();
    app.change(
        "DELETE FROM reels WHERE shop_id = $1 AND created_at > (SELECT min(created_at) FROM reels)",
        owner.shop,
    )
    .await;
    app.change(
        "UPDATE reels SET created_at = created_at - interval '46 minutes' WHERE id = $1",
        id,
    )
    .await;
    app.post("/reels").bearer(&token).json(&body).await.ok();
    let given_up = app
        .look("SELECT status::text FROM reels WHERE id = $1", id)
        .await;
    assert_eq!(given_up.as_deref(), Some("HIDDEN"));
    // What the first one cost came back when it was given up.
    let wallet =
        "SELECT reel_daily_used || ' ' || reel_extra_balance FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(app.look(wallet, owner.shop).await.as_deref(), Some("1 20"));
}
