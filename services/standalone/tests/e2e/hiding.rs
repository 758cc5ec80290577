//! A shop changes its mind while its reel is rendered.

use crate::support::{media, platform::Platform, processes};

pub(crate) async fn hide_during_processing_stays_hidden(platform: &Platform) {
    let shop = platform.shop(1);
    let public_events = platform.rows.public_events().await;
    let reel = shop.publish_video(&media::heavy_video()).await;
    platform.rows.rendering(reel).await;
    let scratch = platform.process("processor").unwrap().scratch();

    shop.hide(reel).await;

    // The renderer finds its lease gone, stops ffmpeg, and tells the queue that there is nothing left to do.
    platform.google.forgotten(reel).await;
    assert_eq!(folders_of_attempts(&scratch), 0);
    let ffmpeg: Vec<_> = processes::around(&scratch)
        .into_iter()
        .filter(|process| process.is_running("ffmpeg"))
        .collect();
    assert!(ffmpeg.is_empty(), "{ffmpeg:?}");
    let row = platform.rows.reel(reel).await;
    assert_eq!((row.status.as_str(), row.lease_token), ("HIDDEN", None));
    assert_eq!(
        platform.rows.public_events().await,
        public_events,
        "nothing was announced"
    );
    platform
        .feed_is("without the reel", |feed| !feed.contains(&reel))
        .await;
    assert_eq!(shop.status(reel).await["status"], "HIDDEN");
}

/// What attempts have left in a processor's folder.
pub(crate) fn folders_of_attempts(scratch: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(scratch).unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("job-"))
        .count()
}
