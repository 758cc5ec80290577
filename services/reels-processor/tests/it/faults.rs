//! Reels that cannot be rendered, for good or for now.

use std::sync::{Arc, atomic::AtomicU32};

use futures::FutureExt as _;
use http::StatusCode;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::{
    house::House,
    samples,
    stores::{Twist, Twisted},
};

fn text_named_mp4() -> NamedTempFile {
    let text = NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(text.path(), "this is a shopping list\n".repeat(40)).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_file_named_mp4_is_hidden_refunded_and_explained() {
    let house = House::open().await;
    let text = text_named_mp4();
    let reel = house.publish_video(text.path()).await;
    assert_eq!(wallet_used(&house).await, 1);
    let running = house.processor().await;

    let answer = running.ask(house.task(reel)).await;

    assert_eq!(
        (answer.status, answer.outcome()),
        (StatusCode::OK, "given_up")
    );
    let row = house.row(reel).await;
    assert_eq!(
        (row.status.as_str(), row.stage.as_deref()),
        ("HIDDEN", Some("FAILED_PERMANENT"))
    );
    assert_eq!(row.render_error_code.as_deref(), Some("media.not_a_video"));
    assert!(row.render_error_message.unwrap().contains("MP4"));
    assert_eq!(wallet_used(&house).await, 0);
    assert_eq!(ledger(&house).await, ["CREDIT", "DEBIT"]);
    let news = house.status_events().await.pop().unwrap();
    assert_eq!(
        (news.status.as_str(), news.error_code.as_str()),
        ("HIDDEN", "media.not_a_video")
    );
    assert!(house.stored_outputs().await.is_empty());
    assert_eq!(house.job_folders(), 0);
    assert_eq!(
        running.ask(house.task(reel)).await.outcome(),
        "nothing_to_do"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_video_is_given_up_and_leaves_nothing() {
    let house = House::open().await;
    let whole = std::fs::read(samples::short_video()).unwrap();
    let cut = NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(cut.path(), &whole[..whole.len() / 2]).unwrap();
    let reel = house.publish_video(cut.path()).await;
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");

    let code = house.row(reel).await.render_error_code.unwrap();
    assert!(
        ["media.truncated", "media.damaged"].contains(&code.as_str()),
        "{code}"
    );
    assert!(house.stored_outputs().await.is_empty());
    assert_eq!(house.job_folders(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playlist_named_mp4_is_given_up_and_nothing_is_fetched() {
    let house = House::open().await;
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = inside.local_addr().unwrap();
    let playlist = NamedTempFile::with_suffix(".mp4").unwrap();
    let text = format!("#EXTM3U\n#EXTINF:5,\nhttp://{address}/secret.ts\n#EXT-X-ENDLIST\n");
    std::fs::write(playlist.path(), text).unwrap();
    let reel = house.publish_video(playlist.path()).await;
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");

    assert!(inside.accept().now_or_never().is_none(), "nobody called");
    assert_eq!(
        house.row(reel).await.render_error_code.as_deref(),
        Some("media.not_a_video")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_is_too_long_is_given_up_with_its_length() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::long_video()).await;
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");

    let row = house.row(reel).await;
    assert_eq!(row.render_error_code.as_deref(), Some("media.too_long"));
    assert!(row.render_error_message.unwrap().contains("17"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_deleted_is_a_permanent_fault() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let raw = house.row(reel).await.video_url.unwrap();
    let store = &house.core.deps.store;
    store.delete(&store.path_of(&raw).unwrap()).await.unwrap();
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");

    assert_eq!(
        house.row(reel).await.render_error_code.as_deref(),
        Some("storage.missing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_tried_again_and_then_it_works() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let store = Twisted {
        inner: house.core.store.clone(),
        twist: Twist::Away(AtomicU32::new(1)),
    };
    let running = house.processor_on(Arc::new(store)).await;

    let first = running.ask(house.task(reel)).await;

    assert_eq!(
        (first.status, first.code()),
        (StatusCode::CONFLICT, "render.try_again")
    );
    assert!(first.retry_after.is_some());
    let row = house.row(reel).await;
    assert_eq!(
        (row.status.as_str(), row.stage.as_deref()),
        ("PROCESSING", Some("ERROR"))
    );
    assert_eq!(
        row.render_error_code.as_deref(),
        Some("storage.unavailable")
    );
    assert_eq!((row.lease_token, row.render_attempts), (None, 1));

    let second = running.ask(house.task(reel)).await;

    assert_eq!(second.outcome(), "published");
    let row = house.row(reel).await;
    assert_eq!((row.status.as_str(), row.render_attempts), ("ACTIVE", 2));
    assert_eq!(row.render_error_code, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_ends_the_reel_after_five_attempts() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let store = Twisted {
        inner: house.core.store.clone(),
        twist: Twist::Away(AtomicU32::new(9)),
    };
    let running = house.processor_on(Arc::new(store)).await;

    for _ in 0..4 {
        assert_eq!(
            running.ask(house.task(reel)).await.code(),
            "render.try_again"
        );
    }

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");
    assert_eq!(house.row(reel).await.status, "HIDDEN");
    assert_eq!(wallet_used(&house).await, 0);
}

async fn wallet_used(house: &House) -> i32 {
    let query = "SELECT reel_daily_used FROM quota_wallets WHERE shop_id = $1";
    sqlx::query_scalar(query)
        .bind(house.shop.as_uuid())
        .fetch_one(house.db.pool())
        .await
        .unwrap()
}

async fn ledger(house: &House) -> Vec<String> {
    let query = "SELECT direction::text FROM quota_ledger ORDER BY direction::text";
    sqlx::query_scalar(query)
        .fetch_all(house.db.pool())
        .await
        .unwrap()
}
