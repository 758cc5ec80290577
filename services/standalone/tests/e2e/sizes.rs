//! Requests that are not small.

use serde_json::json;

use crate::support::platform::Platform;

/// More than a proxy holds in memory, so that it has to write to its own folder.
const BYTES: usize = 40 << 10;

pub(crate) async fn a_body_of_many_pages_arrives(platform: &Platform) {
    let shop = platform.shop(1);
    let file = json!({"fileName": "a.mp4", "contentType": "video/mp4", "sizeBytes": 1});
    let wanted = json!({
        "shopId": shop.id, "type": "VIDEO", "files": [file], "note": "x".repeat(BYTES),
    });

    let answer = shop.owner.post("/storage/reels/upload-url", &wanted).await;

    assert!(answer.ok()["uploads"][0]["signedUrl"].is_string());
}
