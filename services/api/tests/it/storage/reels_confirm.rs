//! `POST /storage/reels/confirm`

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    files::{BYTES, headers, put},
    people::Owner,
    still::still,
};

const PATH: &str = "/storage/reels/confirm";

async fn confirm(app: &TestApp, owner: &Owner, body: Value) -> crate::support::answer::Answer {
    let mut body = body;
    body["shopId"] = json!(owner.shop);
    app.post(PATH)
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
}

#[tokio::test]
async fn what_was_uploaded_is_confirmed_and_published() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let signed = app
        .signed(
            &owner,
            json!([{"fileName": "desfile.mp4", "sizeBytes": BYTES.len()}]),
        )
        .await;
    let upload = &signed["uploads"][0];
    put(&upload["signedUrl"], &headers(upload), BYTES).await;
    let confirmed = confirm(&app, &owner, json!({"paths": [upload["path"]]}))
        .await
        .ok();
    assert_eq!(confirmed["uploads"][0]["publicUrl"], upload["publicUrl"]);
    insta::assert_json_snapshot!(still(confirmed));
    let body = json!({"shopId": owner.shop, "videoUrl": upload["publicUrl"]});
    app.post("/reels")
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
        .ok();
}

#[tokio::test]
async fn confirming_again_answers_the_same_and_paths_are_cleaned() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    for name in ["1-0-a.jpg", "1-1-b.jpg"] {
        app.stored(owner.shop, name, "image/jpeg").await;
    }
    app.stored(owner.shop, "1-2-overlay.png", "image/png").await;
    let path = |name: &str| format!("shops/{}/{name}", owner.shop);
    let body = json!({
        "type": "PHOTO_SET",
        "paths": [path("1-1-b.jpg"), format!("//{}", path("1-0-a.jpg")), path("1-1-b.jpg")],
        "overlayPath": format!("/{}", path("1-2-overlay.png")),
    });
    let first = confirm(&app, &owner, body.clone()).await;
    insta::assert_json_snapshot!(still(first.ok()));
    assert_eq!(confirm(&app, &owner, body).await.body, first.body);
}

#[tokio::test]
async fn a_file_that_is_swapped_after_it_was_confirmed_is_not_published() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let signed = app.signed(&owner, json!([{"fileName": "a.mp4"}])).await;
    let upload = &signed["uploads"][0];
    let paths = json!({"paths": [upload["path"]]});
    put(&upload["signedUrl"], &headers(upload), BYTES).await;
    confirm(&app, &owner, paths.clone()).await.ok();
    put(&upload["signedUrl"], &headers(upload), b"other bytes").await;
    let body = json!({"shopId": owner.shop, "videoUrl": upload["publicUrl"]});
    let token = app.token(&owner.person);
    let publish = async || app.post("/reels").bearer(&token).json(&body).await.word();
    assert_eq!(publish().await, "400 reel.media_changed");
    // Whoever means it confirms again.
    confirm(&app, &owner, paths).await.ok();
    assert_eq!(publish().await, "200");
}

/// A byte more than a megabyte.
static HEAVY: [u8; (1 << 20) + 1] = [0; (1 << 20) + 1];

/// What is asked, where `own/` stands for the shop's folder and `other/` for another's.
#[rustfmt::skip]
fn unwanted() -> [(Value, &'static str); 17] {
    let many: Vec<String> = (0..6).map(|n| format!("own/{n}.jpg")).collect();
    [
        (json!({"paths": []}), "400 upload.nothing_confirmed"),
        (json!({"paths": ["", "/"]}), "400 upload.nothing_confirmed"),
        (json!({"paths": ["own/a.mp4", "own/b.mp4"]}), "400 upload.too_many_videos"),
        (json!({"type": "PHOTO_SET", "paths": many}), "400 upload.too_many_photos"),
        (json!({"paths": ["other/a.mp4"]}), "400 upload.foreign_path"),
        (json!({"paths": ["own/../x/a.mp4"]}), "400 upload.foreign_path"),
        (json!({"paths": ["a.mp4"]}), "400 upload.foreign_path"),
        (json!({"paths": ["own/a.mp4"], "overlayPath": "b.png"}), "400 upload.foreign_path"),
        (json!({"paths": ["own/absent.mp4"]}), "400 upload.missing"),
        (json!({"paths": ["own/empty.mp4"]}), "400 upload.empty"),
        (json!({"paths": ["own/a.webm"]}), "400 upload.video_format"),
        (json!({"paths": ["own/html.mp4"]}), "400 upload.video_type"),
        (json!({"paths": ["own/heavy.mp4"]}), "400 upload.too_large"),
        (json!({"type": "PHOTO_SET", "paths": ["own/a.txt"]}), "400 upload.not_a_photo"),
        (json!({"paths": ["own/a.mp4"], "overlayPath": "own/a.gif"}), "400 upload.overlay_format"),
        (json!({"paths": ["own/a.mp4"], "overlayPath": "own/html.png"}), "400 upload.not_an_overlay"),
        (json!({"paths": ["own/a.mp4"], "overlayPath": "own/absent.png"}), "400 upload.missing"),
    ]
}

#[tokio::test]
async fn files_that_no_reel_is_made_from_are_refused_and_not_remembered() {
    let app = TestApp::start_with(|settings| {
        settings.insert("REEL_MAX_SOURCE_VIDEO_MB", "1".to_owned());
    })
    .await;
    let (owner, other) = (app.owner(1).await, app.owner(2).await);
    for (name, content_type) in [
        ("a.webm", "video/webm"),
        ("html.mp4", "text/html"),
        ("a.txt", "text/plain"),
        ("a.gif", "image/gif"),
        ("html.png", "text/html"),
        ("a.mp4", "video/mp4"),
    ] {
        app.stored(owner.shop, name, content_type).await;
    }
    app.stored(other.shop, "a.mp4", "video/mp4").await;
    let own = format!("shops/{}/", owner.shop);
    app.store(&format!("{own}empty.mp4"), "video/mp4", b"")
        .await;
    app.store(&format!("{own}heavy.mp4"), "video/mp4", &HEAVY)
        .await;
    for (body, expected) in unwanted() {
        let text = body.to_string().replace("own/", &own);
        let text = text.replace("other/", &format!("shops/{}/", other.shop));
        let body = serde_json::from_str(&text).unwrap();
        assert_eq!(confirm(&app, &owner, body).await.word(), expected, "{text}");
    }
    assert_eq!(app.count("confirmed_uploads").await, 0);
}

#[tokio::test]
async fn people_read_which_file_is_missing_and_how_much_is_too_much() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let absent = json!({"paths": [format!("shops/{}/1-0-desfile.mp4", owner.shop)]});
    let told = confirm(&app, &owner, absent).await.json()["message"].to_string();
    assert!(
        told.contains("1-0-desfile.mp4") && !told.contains("shops/"),
        "{told}"
    );
}
