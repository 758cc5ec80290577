//! Composing and rewriting.

use google_cloud_gax::error::rpc::Code;
use google_cloud_storage::model::compose_object_request::SourceObject;
use google_cloud_storage::model::{ComposeObjectRequest, Object};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bench::{BUCKET, Bench, RESOURCE};

fn compose(parts: &[&str]) -> ComposeObjectRequest {
    let destination = Object::new()
        .set_bucket(RESOURCE)
        .set_name("whole")
        .set_content_type("text/plain");
    let sources = parts.iter().map(|name| SourceObject::new().set_name(*name));
    ComposeObjectRequest::new()
        .set_destination(destination)
        .set_source_objects(sources)
}

#[tokio::test]
async fn parts_are_joined_in_order() {
    let bench = Bench::start().await;
    for part in ["1", "2", "3"] {
        bench.put(part, format!("part {part};")).await;
    }
    let request = compose(&["1", "2", "3"]);
    let whole = bench
        .control
        .compose_object()
        .with_request(request)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (whole.component_count, whole.content_type.as_str()),
        (3, "text/plain")
    );
    let checksums = whole.checksums.unwrap();
    assert_eq!(
        checksums.crc32c,
        Some(crc32c::crc32c(b"part 1;part 2;part 3;"))
    );
    assert!(
        checksums.md5_hash.is_empty(),
        "a composed object has no MD5"
    );
    assert_eq!(bench.read("whole").await, b"part 1;part 2;part 3;");

    let request = compose(&["whole", "1"]);
    let again = bench
        .control
        .compose_object()
        .with_request(request)
        .send()
        .await
        .unwrap();
    assert_eq!(again.component_count, 4);
    assert_eq!(bench.read("whole").await, b"part 1;part 2;part 3;part 1;");
}

#[tokio::test]
async fn a_composition_needs_its_parts_and_at_most_32() {
    let bench = Bench::start().await;
    bench.put("1", "x").await;
    for (parts, code) in [
        (vec!["1", "missing"], Code::NotFound),
        (vec!["1"; 33], Code::InvalidArgument),
        (vec![], Code::InvalidArgument),
    ] {
        let request = compose(&parts);
        let refused = bench
            .control
            .compose_object()
            .with_request(request)
            .send()
            .await;
        assert_eq!(refused.unwrap_err().status().map(|s| s.code), Some(code));
    }
    let missing = bench
        .http
        .get(bench.json_url("/o/whole"))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_rewrite_copies_bytes_and_metadata_and_is_independent() {
    let bench = Bench::start().await;
    let upload = bench.storage.write_object(RESOURCE, "source", "bytes");
    let source = upload
        .set_content_type("video/mp4")
        .set_metadata([("k", "v")])
        .send_buffered()
        .await;
    let source = source.unwrap();
    let rewrite = bench
        .control
        .rewrite_object()
        .set_source_bucket(RESOURCE)
        .set_source_object("source")
        .set_destination_bucket(RESOURCE)
        .set_destination_name("copy");
    let done = rewrite.send().await.unwrap();
    assert!(done.done);
    let copy = done.resource.unwrap();
    assert!(copy.generation > source.generation);
    assert_eq!((copy.content_type.as_str(), copy.size), ("video/mp4", 5));
    assert_eq!(copy.metadata.get("k").map(String::as_str), Some("v"));

    bench
        .control
        .delete_object()
        .set_bucket(RESOURCE)
        .set_object("source")
        .send()
        .await
        .unwrap();
    assert_eq!(bench.read("copy").await, b"bytes");
}

#[tokio::test]
async fn json_copies_honour_both_sides_preconditions() {
    let bench = Bench::start().await;
    bench.put("source", "bytes").await;
    let copy = |query: &str, body: Value| {
        let url = bench.json_url(&format!("/o/source/copyTo/b/{BUCKET}/o/to%2Fcopy?{query}"));
        bench.http.post(url).json(&body).send()
    };
    let stale = copy("ifSourceGenerationMatch=1", json!({})).await.unwrap();
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let changed = json!({ "contentType": "text/x-changed" });
    let made = copy("ifGenerationMatch=0", changed.clone()).await.unwrap();
    let made: Value = made.json().await.unwrap();
    assert_eq!(
        (&made["name"], &made["contentType"]),
        (&json!("to/copy"), &json!("text/x-changed"))
    );
    let twice = copy("ifGenerationMatch=0", changed).await.unwrap();
    assert_eq!(twice.status(), StatusCode::PRECONDITION_FAILED);
}
