//! What a reel may cost, and what it keeps.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{house::House, samples};

#[tokio::test(flavor = "multi_thread")]
async fn a_download_ends_at_the_bound_and_the_reel_with_it() {
    let house = House::open().await;
    let large = NamedTempFile::with_suffix(".mp4").unwrap();
    large.as_file().set_len(2 << 20).unwrap();
    let reel = house.publish_video(large.path()).await;
    let mut env = house.environment();
    env.insert("REEL_MAX_SOURCE_VIDEO_MB", "1".to_owned());
    let running = house.processor_told(&env, house.core.store.clone()).await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "given_up");

    let row = house.row(reel).await;
    assert_eq!(row.status, "HIDDEN");
    assert_eq!(row.render_error_code.as_deref(), Some("storage.too_large"));
    assert!(row.render_error_message.unwrap().contains("pesado"));
    assert!(house.stored_outputs().await.is_empty());
    assert_eq!(house.job_folders(), 0);
}

/// The document belongs to the clients: what they put there that we do not know is there afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn an_editor_state_is_after_the_render_what_it_was_before() {
    let house = House::open().await;
    let (photo, overlay) = (samples::photo(), samples::overlay());
    let reel = house.publish_photos(&photo, 1, &overlay).await;
    let before = editor_state(&house, reel).await;
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "published");

    let after = editor_state(&house, reel).await;
    assert_eq!(
        (&after["mine"], &after["fit"]),
        (&json!([1]), &json!("cover"))
    );
    assert_eq!(after, before);
}

async fn editor_state(house: &House, reel: avvivo_kernel::ReelId) -> Value {
    sqlx::query_scalar("SELECT editor_state FROM reels WHERE id = $1")
        .bind(reel.as_uuid())
        .fetch_one(house.db.pool())
        .await
        .unwrap()
}
