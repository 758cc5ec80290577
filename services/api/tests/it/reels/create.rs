//! `POST /reels`

use avvivo_testkit::{Seen, wait_for};
use serde_json::{Value, json};

use crate::support::{PATIENCE, PROJECT, TestApp, people::Owner, still::still};

#[tokio::test]
async fn a_published_photo_set_is_answered_whole_and_waits_for_its_renderer() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let first = app.stored(owner.shop, "1-0-saco.jpg", "image/jpeg").await;
    let second = app.stored(owner.shop, "1-1-falda.jpg", "image/jpeg").await;
    let body = json!({
        "shopId": owner.shop,
        "type": "PHOTO_SET",
        "photoUrls": [first, null, "", second],
        "platform": "TikTok",
        "presetLabel": "  Liquidacion ",
        "editorState": {
            "version": 1,
            "spec": {"width": 360, "height": 640},
            "mediaTransforms": [{"fit": "cover", "scale": 1.1, "x": 0.02, "y": -0.01, "rotation": 0}],
            "stickers": [{"text": "3x2 hasta el viernes", "x": 180, "y": 90}],
            "mediaBackground": {"mode": "blur"},
        },
        "status": "ACTIVE",
        "processingJobId": "forged",
    });
    let answer = app
        .post("/reels")
        .bearer(app.token(&owner.person))
        .json(&body)
        .await;
    let reel = answer.ok();
    insta::assert_json_snapshot!(still(reel.clone()));
    let status = app
        .get(&format!("/reels/{}/status", reel["id"].as_str().unwrap()))
        .bearer(app.token(&owner.person))
        .await
        .ok();
    assert_eq!(status["status"], "PROCESSING");
    assert_eq!(status["editorState"], body["editorState"]);
}

#[tokio::test]
async fn a_video_needs_no_more_than_its_shop_and_address() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let url = app
        .stored(owner.shop, "1-0-desfile.MOV.mov", "video/quicktime")
        .await;
    let body = json!({"shopId": owner.shop, "videoUrl": url});
    let reel = app
        .post("/reels")
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
        .ok();
    insta::assert_json_snapshot!(still(reel));
}

/// Fields as clients send them, and what is made of the one they are about.
#[rustfmt::skip]
fn lenient() -> [(Value, &'static str, Value); 17] {
    [
        (json!({"durationSeconds": 0}), "durationSeconds", json!(10)),
        (json!({"durationSeconds": null}), "durationSeconds", json!(10)),
        (json!({"durationSeconds": 12.9}), "durationSeconds", json!(12)),
        (json!({"durationSeconds": "12"}), "durationSeconds", json!(12)),
        (json!({"durationSeconds": 1}), "durationSeconds", json!(5)),
        (json!({"durationSeconds": 600}), "durationSeconds", json!(17)),
        (json!({"type": "anything"}), "type", json!("VIDEO")),
        (json!({"platform": "MySpace"}), "platform", json!("Instagram")),
        (json!({"platform": "youtube"}), "platform", json!("Instagram")),
        (json!({"platform": "YouTube"}), "platform", json!("YouTube")),
        (json!({"presetLabel": "   "}), "presetLabel", json!(null)),
        (json!({"presetLabel": "ñ".repeat(60)}), "presetLabel", json!("ñ".repeat(48))),
        (json!({"editorState": null}), "editorState", json!(null)),
        (json!({"editorState": "{\"fit\":\"cover\"}"}), "editorState", json!({"fit": "cover"})),
        (json!({"editorState": {"progress": 99, "workerStage": "DONE", "a": 1}}), "editorState", json!({"a": 1})),
        (json!({"thumbnailUrl": "https://elsewhere.example/x.jpg"}), "thumbnailUrl", json!(null)),
        (json!({"hidden": true, "views": 7, "isAdminOverride": true}), "views", json!(0)),
    ]
}

#[tokio::test]
async fn fields_are_read_as_leniently_as_ever() {
    let app = TestApp::start_with(|settings| {
        settings.insert("REEL_SINGLE_PROCESSING_PER_SHOP", "false".to_owned());
    })
    .await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    for (fields, name, expected) in lenient() {
        let mut body = app.new_video(owner.shop).await;
        let fields = fields.as_object().unwrap();
        body.as_object_mut().unwrap().extend(fields.clone());
        let reel = app.post("/reels").bearer(&token).json(&body).await.ok();
        assert_eq!(reel[name], expected, "{fields:?}");
    }
}

/// What the wallet and the ledger say.
async fn quota(app: &TestApp, owner: &Owner) -> (String, i64) {
    let wallet =
        "SELECT reel_daily_used || ' ' || reel_extra_balance FROM quota_wallets WHERE shop_id = $1";
    let wallet = app.look(wallet, owner.shop).await.unwrap();
    (wallet, app.count("quota_ledger").await)
}

#[tokio::test]
async fn shops_pay_with_the_days_base_then_with_extras_and_administrators_do_not_pay() {
    let app = TestApp::start_with(|settings| {
        settings.insert("REEL_SINGLE_PROCESSING_PER_SHOP", "false".to_owned());
    })
    .await;
    let owner = app.owner(1).await;
    let admin = app.token(&app.admin(2).await);
    let token = app.token(&owner.person);
    let mut body = app.new_video(owner.shop).await;
    app.post("/reels").bearer(&token).json(&body).await.ok();
    assert_eq!(quota(&app, &owner).await, ("1 20".to_owned(), 1));
    app.post("/reels").bearer(&token).json(&body).await.ok();
    assert_eq!(quota(&app, &owner).await, ("1 19".to_owned(), 2));
    app.post("/reels").bearer(&admin).json(&body).await.ok();
    assert_eq!(quota(&app, &owner).await, ("1 19".to_owned(), 2));
    body["isAdminOverride"] = json!(false);
    app.post("/reels").bearer(&admin).json(&body).await.ok();
    assert_eq!(quota(&app, &owner).await, ("1 18".to_owned(), 3));
    // A shop does not override, whatever it says.
    body["isAdminOverride"] = json!(true);
    app.post("/reels").bearer(&token).json(&body).await.ok();
    assert_eq!(quota(&app, &owner).await, ("1 17".to_owned(), 4));
}

#[tokio::test]
async fn the_overlay_is_pinned_with_the_media_however_the_editor_names_it() {
    let app = TestApp::start_with(|settings| {
        settings.insert("REEL_SINGLE_PROCESSING_PER_SHOP", "false".to_owned());
    })
    .await;
    let owner = app.owner(1).await;
    let overlay = app.stored(owner.shop, "1-1-overlay.png", "image/png").await;
    let states = [
        json!({"renderOverlayUrl": overlay}),
        json!({"renderOverlay": {"url": overlay}}),
        json!(json!({"renderOverlayUrl": overlay}).to_string()),
    ];
    for state in states {
        let mut body = app.new_video(owner.shop).await;
        body["editorState"] = state.clone();
        let reel = app
            .post("/reels")
            .bearer(app.token(&owner.person))
            .json(&body)
            .await
            .ok();
        let id = reel["id"].as_str().unwrap().parse().unwrap();
        let roles =
            "SELECT string_agg(role::text, ' ' ORDER BY role) FROM reel_sources WHERE reel_id = $1";
        assert_eq!(
            app.look(roles, id).await.as_deref(),
            Some("VIDEO OVERLAY"),
            "{state}"
        );
    }
}

#[tokio::test]
async fn the_job_reaches_the_queue_under_a_name_that_is_given_once() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let body = app.new_video(owner.shop).await;
    app.post("/reels")
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
        .ok();
    let url = format!(
        "{}/v2/projects/{PROJECT}/locations/southamerica-east1/queues/reel-render/tasks",
        app.gcp.url()
    );
    let tasks = wait_for("the task", PATIENCE, async || {
        let answer = reqwest::get(&url).await.unwrap();
        let listed: Value = answer.json().await.unwrap();
        match listed["tasks"].as_array() {
            Some(tasks) if !tasks.is_empty() => Seen::Done(tasks.clone()),
            _ => Seen::NotYet(listed),
        }
    })
    .await;
    assert_eq!(tasks.len(), 1);
    wait_for("the outbox to be empty", PATIENCE, async || {
        match app.count("outbox").await {
            0 => Seen::Done(()),
            left => Seen::NotYet(left),
        }
    })
    .await;
}
