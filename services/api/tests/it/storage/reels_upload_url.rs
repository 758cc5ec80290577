//! `POST /storage/reels/upload-url`

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    files::{BYTES, headers, put},
    people::keys,
    still::still,
};

const PATH: &str = "/storage/reels/upload-url";

#[tokio::test]
async fn every_file_is_told_where_to_go() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let body = json!({
        "shopId": owner.shop,
        "type": "VIDEO",
        "files": [{"fileName": "Desfile de Otoño!.MP4", "sizeBytes": 10}],
        "overlay": {"fileName": "capa.png"},
    });
    let answer = app
        .post(PATH)
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
        .ok();
    insta::assert_json_snapshot!(still(answer));
}

#[tokio::test]
async fn files_keep_their_order_and_nameless_ones_get_a_name() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let long = format!("{}.jpeg", "foto ".repeat(40));
    let body = json!({
        "shopId": owner.shop,
        "type": "PHOTO_SET",
        "files": [{"fileName": "b.png"}, {"contentType": "image/webp"}, {"fileName": long}],
        "overlay": {"contentType": "image/png"},
    });
    let answer = app
        .post(PATH)
        .bearer(app.token(&owner.person))
        .json(&body)
        .await
        .ok();
    let names: Vec<String> = answer["uploads"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&answer["overlayUpload"]])
        .map(|upload| {
            let path = upload["path"].as_str().unwrap();
            let name = path
                .strip_prefix(&format!("shops/{}/", owner.shop))
                .unwrap();
            name.split_once('-').unwrap().1.to_owned()
        })
        .collect();
    assert_eq!(names[..2], ["0-b.png", "1-upload"]);
    assert!(names[2].starts_with("2-foto-foto-"), "{}", names[2]);
    assert_eq!(names[2].len(), "2-".len() + 80);
    let extensions = names[2..]
        .iter()
        .map(|name| name.rsplit_once('.').unwrap().1);
    assert!(extensions.eq(["jpeg", "png"]), "{names:?}");
    assert!(names[3].starts_with("3-overlay-"), "{}", names[3]);
    let shape = ["path", "signedUrl", "publicUrl", "headers"];
    assert_eq!(keys(&answer["uploads"][0]), shape);
    assert_eq!(keys(&answer), ["bucket", "uploads", "overlayUpload"]);
}

#[tokio::test]
async fn old_clients_send_the_type_and_nothing_else() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let signed = app.signed(&owner, json!([{"fileName": "a.mp4"}])).await;
    let upload = &signed["uploads"][0];
    assert!(signed["overlayUpload"].is_null());
    let only_type = BTreeMap::from([("content-type".to_owned(), "video/mp4".to_owned())]);
    assert_eq!(headers(upload), only_type);
    assert_eq!(
        put(&upload["signedUrl"], &only_type, BYTES).await,
        StatusCode::OK
    );
    let other = BTreeMap::from([("content-type".to_owned(), "text/html".to_owned())]);
    assert_eq!(
        put(&upload["signedUrl"], &other, BYTES).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn an_announced_size_is_the_only_one_that_the_store_takes() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let files = json!([{"fileName": "a.mp4", "sizeBytes": BYTES.len()}]);
    let signed = app.signed(&owner, files).await;
    let upload = &signed["uploads"][0];
    let told = headers(upload);
    assert!(told.len() > 1, "{told:?}");
    for wrong in [&b"some bytes more"[..], b"few"] {
        assert_eq!(
            put(&upload["signedUrl"], &told, wrong).await,
            StatusCode::BAD_REQUEST
        );
    }
    let only_type = BTreeMap::from([("content-type".to_owned(), "video/mp4".to_owned())]);
    assert!(
        put(&upload["signedUrl"], &only_type, BYTES)
            .await
            .is_client_error()
    );
    assert_eq!(
        put(&upload["signedUrl"], &told, BYTES).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_signed_address_ends() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let signed = app.signed(&owner, json!([{"fileName": "a.mp4"}])).await;
    let upload = &signed["uploads"][0];
    app.gcp
        .clock()
        .advance(std::time::Duration::from_secs(15 * 60 + 5));
    let answer = put(&upload["signedUrl"], &headers(upload), BYTES).await;
    assert!(answer.is_client_error(), "{answer}");
}

#[tokio::test]
async fn which_shop_and_whose_comes_before_which_files() {
    let app = TestApp::start().await;
    let owner = app.token(&app.owner(1).await.person);
    let other = json!(app.owner(2).await.shop);
    let client = app.token(&app.client(3).await);
    let admin = app.token(&app.admin(4).await);
    let text = json!("text");
    let cases = [
        (&owner, json!("  "), "400 upload.shop_missing"),
        (&client, json!(null), "400 upload.shop_missing"),
        (&admin, json!(""), "400 upload.shop_missing"),
        (&owner, other.clone(), "403 auth.not_yours"),
        (&owner, text.clone(), "403 auth.not_yours"),
        (&client, other, "403 auth.not_allowed"),
        (&client, text.clone(), "403 auth.not_allowed"),
        (&admin, text, "404 shop.not_found"),
    ];
    for path in [PATH, "/storage/reels/confirm"] {
        assert_eq!(app.post(path).await.word(), "401 auth.required");
        for (token, shop, expected) in &cases {
            let body = json!({"shopId": shop});
            let answer = app.post(path).bearer(token).json(&body).await;
            assert_eq!(answer.word(), *expected, "{path} {body}");
        }
    }
}

#[rustfmt::skip]
fn unwanted() -> [(Value, &'static str); 10] {
    [
        (json!({"files": []}), "400 upload.nothing_announced"),
        (json!({"type": "PHOTO_SET"}), "400 upload.nothing_announced"),
        (json!({"files": [{"fileName": "a.mp4"}, {"fileName": "b.mp4"}]}), "400 upload.too_many_videos"),
        (json!({"files": [{"fileName": "a.png"}]}), "400 upload.not_a_video"),
        (json!({"files": [{"fileName": "a"}]}), "400 upload.not_a_video"),
        (json!({"files": [{"fileName": "a.mp4", "sizeBytes": 104_857_601}]}), "400 upload.too_large"),
        (json!({"files": [{"fileName": "a.mp4", "sizeBytes": 0}]}), "400 upload.empty"),
        (json!({"type": "PHOTO_SET", "files": vec![json!({"fileName": "a.png"}); 6]}), "400 upload.too_many_photos"),
        (json!({"type": "PHOTO_SET", "files": [{"fileName": "a.png"}, {"fileName": "b.mp4"}]}), "400 upload.not_a_photo"),
        (json!({"files": [{"fileName": "a.webm"}], "overlay": {"fileName": "b.mp4"}}), "400 upload.not_an_overlay"),
    ]
}

#[tokio::test]
async fn files_that_no_reel_is_made_from_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    for (mut body, expected) in unwanted() {
        body["shopId"] = json!(owner.shop);
        let answer = app.post(PATH).bearer(&token).json(&body).await;
        assert_eq!(answer.word(), expected, "{body}");
    }
    // The rule for names is told when the upload is confirmed.
    app.signed(&owner, json!([{"fileName": "a.webm"}])).await;
}
