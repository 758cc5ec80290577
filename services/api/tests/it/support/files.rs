//! Files in the object store, put there as phones do or past all rules.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BUCKET, MEDIA, TestApp, people::Owner};

/// As much of a video as the api ever looks at: some bytes.
pub(crate) const BYTES: &[u8] = b"some bytes";

impl TestApp {
    /// Puts an object into a shop's folder and answers its public address.
    pub(crate) async fn stored(&self, shop: Uuid, name: &str, content_type: &str) -> String {
        let path = format!("shops/{shop}/{name}");
        self.store(&path, content_type, BYTES).await;
        format!("{MEDIA}/{path}")
    }

    /// Puts an object there, as nobody outside could.
    pub(crate) async fn store(&self, path: &str, content_type: &str, bytes: &'static [u8]) {
        let url = format!(
            "{}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={path}",
            self.gcp.url()
        );
        let answer = reqwest::Client::new()
            .post(url)
            .header("content-type", content_type)
            .body(bytes)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// The object at a path: what it is said to be, how long it is kept, and its bytes; nothing when there is none.
    pub(crate) async fn object(&self, path: &str) -> Option<(String, String, bytes::Bytes)> {
        let url = format!("{}/{BUCKET}/{path}", self.gcp.url());
        let answer = reqwest::get(url).await.unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return None;
        }
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (kind, kept) = (header("content-type"), header("cache-control"));
        Some((kind, kept, answer.bytes().await.unwrap()))
    }

    /// The names of a shop's pictures in the store.
    pub(crate) async fn pictures(&self, shop: Uuid) -> Vec<String> {
        let folder = format!("shops/{shop}/images/");
        let found = self.core.deps.store.list(&folder, 100).await.unwrap();
        found
            .into_iter()
            .map(|path| path.as_str().to_owned())
            .collect()
    }

    /// A video that is there, and the body of a request to publish it.
    pub(crate) async fn new_video(&self, shop: Uuid) -> Value {
        let url = self.stored(shop, "1-0-desfile.mp4", "video/mp4").await;
        json!({"shopId": shop, "type": "VIDEO", "videoUrl": url})
    }

    /// The answer of the endpoint that signs uploads.
    pub(crate) async fn signed(&self, owner: &Owner, files: Value) -> Value {
        let answer = self
            .post("/storage/reels/upload-url")
            .bearer(self.token(&owner.person))
            .json(&json!({"shopId": owner.shop, "files": files}))
            .await;
        answer.ok()
    }
}

/// Puts bytes to a signed address, as a phone does.
pub(crate) async fn put(
    url: &Value,
    headers: &BTreeMap<String, String>,
    bytes: &'static [u8],
) -> StatusCode {
    let mut request = reqwest::Client::new()
        .put(url.as_str().unwrap())
        .body(bytes);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status()
}

/// The headers that came with a signed address.
pub(crate) fn headers(upload: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(upload["headers"].clone()).unwrap()
}
