//! Uploads in one request, by the official client and by hand.

use std::collections::HashMap;

use google_cloud_storage::model_ext::ReadRange;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bench::{Bench, RESOURCE, noise};

#[tokio::test]
async fn a_small_upload_keeps_bytes_metadata_and_checksums() {
    let bench = Bench::start().await;
    let object = bench
        .storage
        .write_object(RESOURCE, "raw/año 1/%2F?.txt", "hello world")
        .set_content_type("text/plain")
        .set_cache_control("no-store")
        .set_metadata([("owner", "shop-1")])
        .compute_md5()
        .send_buffered()
        .await
        .unwrap();
    assert_eq!((object.size, object.metageneration), (11, 1));
    assert_eq!(object.name, "raw/año 1/%2F?.txt");
    assert_eq!(
        object.metadata,
        HashMap::from([("owner".to_owned(), "shop-1".to_owned())])
    );
    assert_eq!(object.cache_control, "no-store");
    assert_eq!(object.checksums.unwrap().crc32c, Some(0xc994_65aa));
    assert_eq!(bench.read("raw/año 1/%2F?.txt").await, b"hello world");
}

#[tokio::test]
async fn an_unbuffered_upload_sends_its_checksum_at_the_end() {
    let bench = Bench::start().await;
    let bytes = noise(700_001);
    let upload = bench
        .storage
        .write_object(RESOURCE, "raw/unbuffered", bytes.clone());
    let object = upload.send_unbuffered().await.unwrap();
    assert_eq!(object.size, 700_001);
    assert_eq!(bench.read("raw/unbuffered").await, bytes);
    assert_eq!(
        bench.read_range("raw/unbuffered", ReadRange::tail(5)).await,
        bytes[699_996..]
    );
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let bench = Bench::start().await;
    assert_eq!(bench.put("empty", "").await.size, 0);
    assert_eq!(bench.read("empty").await, b"");
}

#[tokio::test]
async fn a_wrong_checksum_stores_nothing() {
    let bench = Bench::start().await;
    let upload = bench
        .http
        .post(bench.upload_url("uploadType=media&name=broken"))
        .header("x-goog-hash", "crc32c=AAAAAA==")
        .body("hello world");
    let refused = upload.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let problem: Value = refused.json().await.unwrap();
    let message = problem["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("calculated CRC32C \"yZRlqg==\""),
        "{message}"
    );
    let missing = bench
        .http
        .get(bench.json_url("/o/broken"))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_upload_to_no_bucket_or_without_a_name_is_refused() {
    let bench = Bench::start().await;
    let missing = bench
        .storage
        .write_object("projects/_/buckets/nowhere", "a", "b")
        .send_buffered()
        .await
        .unwrap_err();
    assert_eq!(missing.http_status_code(), Some(404));
    for query in ["uploadType=media", "uploadType=media&name=..", "name=a"] {
        let refused = bench
            .http
            .post(bench.upload_url(query))
            .body("x")
            .send()
            .await
            .unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn metadata_is_patched_and_replaced_without_touching_the_bytes() {
    let bench = Bench::start().await;
    let before = bench.put("a", "bytes").await;
    let url = bench.json_url("/o/a");
    let patch = json!({ "contentType": "video/mp4", "metadata": { "x": "1", "y": "2" } });
    let patched: Value = bench
        .http
        .patch(&url)
        .json(&patch)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(patched["metageneration"], "2");
    assert_eq!(patched["generation"], before.generation.to_string());

    let patch = json!({ "metadata": { "x": null, "z": "3" }, "cacheControl": "no-cache" });
    let patched: Value = bench
        .http
        .patch(&url)
        .json(&patch)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(patched["metadata"], json!({ "y": "2", "z": "3" }));
    assert_eq!(patched["contentType"], "video/mp4");

    let replacement = json!({ "contentType": "text/plain" });
    let replaced: Value = bench
        .http
        .put(&url)
        .json(&replacement)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(replaced["metadata"], Value::Null);
    assert_eq!(replaced["cacheControl"], Value::Null);
    assert_eq!(replaced["metageneration"], "4");
    assert_eq!(bench.read("a").await, b"bytes");
}
