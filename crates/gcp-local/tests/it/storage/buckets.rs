//! Buckets, over gRPC and JSON: the two see the same thing.

use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_storage::model::{Bucket, bucket::Cors};
use google_cloud_wkt::FieldMask;
use serde_json::{Value, json};

use super::bench::{BUCKET, Bench, RESOURCE};

#[tokio::test]
async fn a_bucket_lives_from_creation_to_deletion() {
    let bench = Bench::start().await;
    let bucket = bench
        .control
        .get_bucket()
        .set_name(RESOURCE)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (bucket.bucket_id.as_str(), bucket.metageneration),
        (BUCKET, 1)
    );

    bench.put("a", "1").await;
    let refused = bench
        .control
        .delete_bucket()
        .set_name(RESOURCE)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        refused.status().map(|s| s.code),
        Some(Code::FailedPrecondition)
    );

    bench
        .control
        .delete_object()
        .set_bucket(RESOURCE)
        .set_object("a")
        .send()
        .await
        .unwrap();
    bench
        .control
        .delete_bucket()
        .set_name(RESOURCE)
        .send()
        .await
        .unwrap();
    let gone = bench
        .control
        .get_bucket()
        .set_name(RESOURCE)
        .send()
        .await
        .unwrap_err();
    assert_eq!(gone.status().map(|s| s.code), Some(Code::NotFound));
}

#[tokio::test]
async fn a_taken_or_impossible_name_is_refused() {
    let bench = Bench::start().await;
    for (name, code) in [(BUCKET, Code::AlreadyExists), ("No", Code::InvalidArgument)] {
        let create = bench
            .control
            .create_bucket()
            .set_parent("projects/_")
            .set_bucket_id(name);
        let refused = create.set_bucket(Bucket::new()).send().await.unwrap_err();
        assert_eq!(refused.status().map(|s| s.code), Some(code), "{name}");
    }
}

#[tokio::test]
async fn settings_changed_through_one_api_show_in_the_other() {
    let bench = Bench::start().await;
    let rule = Cors::new()
        .set_origin(["https://a.example"])
        .set_method(["PUT"]);
    let bucket = Bucket::new().set_name(RESOURCE).set_cors([rule]);
    let mask = FieldMask::default().set_paths(["cors"]);
    let update = bench
        .control
        .update_bucket()
        .set_bucket(bucket)
        .set_update_mask(mask);
    assert_eq!(update.send().await.unwrap().metageneration, 2);

    let seen: Value = bench
        .http
        .get(bench.json_url(""))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["cors"][0]["origin"], json!(["https://a.example"]));
    assert_eq!(seen["metageneration"], "2");

    bench
        .patch_bucket(json!({ "labels": { "env": "test" }, "cors": null }))
        .await;
    let seen = bench
        .control
        .get_bucket()
        .set_name(RESOURCE)
        .send()
        .await
        .unwrap();
    assert_eq!(seen.labels.get("env").map(String::as_str), Some("test"));
    assert!(seen.cors.is_empty());
}

#[tokio::test]
async fn buckets_are_listed_page_by_page() {
    let bench = Bench::start().await;
    for name in ["aaa", "bbb", "bbc"] {
        let made = bench
            .http
            .post(format!("{}/storage/v1/b?project=local", bench.server.url()))
            .json(&json!({ "name": name }))
            .send()
            .await
            .unwrap();
        assert!(made.status().is_success());
    }
    let mut listed = Vec::new();
    let list = bench
        .control
        .list_buckets()
        .set_parent("projects/local")
        .set_page_size(2);
    let mut buckets = list.by_item();
    while let Some(bucket) = buckets.next().await {
        listed.push(bucket.unwrap().bucket_id);
    }
    assert_eq!(listed, ["aaa", "bbb", "bbc", BUCKET]);
}
