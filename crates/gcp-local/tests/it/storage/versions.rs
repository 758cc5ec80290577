//! Generations, metagenerations and the preconditions on them.

use google_cloud_gax::error::rpc::Code;
use google_cloud_storage::model::Object;
use google_cloud_wkt::FieldMask;

use super::bench::{Bench, RESOURCE};

#[tokio::test]
async fn every_write_has_a_greater_generation_than_all_before() {
    let bench = Bench::start().await;
    let mut last = 0;
    for round in 0..5 {
        let written = bench.put(if round % 2 == 0 { "a" } else { "b" }, "x").await;
        assert!(written.generation > last);
        last = written.generation;
    }
}

#[tokio::test]
async fn creating_twice_fails_and_keeps_the_first() {
    let bench = Bench::start().await;
    let create = |bytes: &'static str| {
        bench
            .storage
            .write_object(RESOURCE, "once", bytes)
            .set_if_generation_match(0)
    };
    create("first").send_buffered().await.unwrap();
    let refused = create("second").send_buffered().await.unwrap_err();
    assert_eq!(refused.http_status_code(), Some(412));
    assert_eq!(bench.read("once").await, b"first");
}

#[tokio::test]
async fn only_one_of_many_concurrent_creations_wins() {
    let bench = Bench::start().await;
    let uploads = (0..8).map(|writer| {
        let upload = bench
            .storage
            .write_object(RESOURCE, "raced", format!("writer {writer}"));
        upload.set_if_generation_match(0).send_buffered()
    });
    let outcomes = futures::future::join_all(uploads).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn all_four_preconditions_guard_a_write() {
    let bench = Bench::start().await;
    let current = bench.put("guarded", "x").await;
    let write = || bench.storage.write_object(RESOURCE, "guarded", "y");
    let refused = [
        write().set_if_generation_match(current.generation + 1),
        write().set_if_generation_not_match(current.generation),
        write().set_if_metageneration_match(9),
        write().set_if_metageneration_not_match(1),
    ];
    for upload in refused {
        let error = upload.send_buffered().await.unwrap_err();
        assert_eq!(error.http_status_code(), Some(412));
    }
    let accepted = write()
        .set_if_generation_match(current.generation)
        .set_if_metageneration_match(1)
        .send_buffered();
    assert!(accepted.await.unwrap().generation > current.generation);
}

#[tokio::test]
async fn a_known_version_is_not_read_again() {
    let bench = Bench::start().await;
    let current = bench.put("known", "x").await;
    let read = || bench.storage.read_object(RESOURCE, "known");
    let known = read()
        .set_if_generation_not_match(current.generation)
        .send()
        .await
        .unwrap_err();
    assert_eq!(known.http_status_code(), Some(304));
    let other = read()
        .set_if_generation_match(current.generation + 1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(other.http_status_code(), Some(412));
    assert!(
        read()
            .set_if_generation_match(current.generation)
            .send()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn metadata_changes_move_the_metageneration_only() {
    let bench = Bench::start().await;
    let before = bench.put("meta", "x").await;
    let update = |content_type: &str| {
        let object = Object::new()
            .set_bucket(RESOURCE)
            .set_name("meta")
            .set_content_type(content_type);
        let mask = FieldMask::default().set_paths(["content_type"]);
        bench
            .control
            .update_object()
            .set_object(object)
            .set_update_mask(mask)
    };
    let after = update("video/mp4")
        .set_if_metageneration_match(1)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (after.generation, after.metageneration),
        (before.generation, 2)
    );
    assert_eq!(after.content_type, "video/mp4");
    assert_ne!(after.etag, before.etag);
    let refused = update("text/plain")
        .set_if_metageneration_match(1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        refused.status().map(|s| s.code),
        Some(Code::FailedPrecondition)
    );
}

#[tokio::test]
async fn a_delete_can_be_bound_to_a_generation() {
    let bench = Bench::start().await;
    let old = bench.put("deleted", "1").await;
    let new = bench.put("deleted", "2").await;
    let delete = |generation| {
        let delete = bench
            .control
            .delete_object()
            .set_bucket(RESOURCE)
            .set_object("deleted");
        delete.set_if_generation_match(generation).send()
    };
    let refused = delete(old.generation).await.unwrap_err();
    assert_eq!(
        refused.status().map(|s| s.code),
        Some(Code::FailedPrecondition)
    );
    delete(new.generation).await.unwrap();
    let gone = delete(new.generation).await.unwrap_err();
    assert_eq!(gone.status().map(|s| s.code), Some(Code::NotFound));
}
