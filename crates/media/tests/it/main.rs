//! Real files through the real ffmpeg: what goes in, what comes out, and what is left behind.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in tests, the panic is the report"
)]

mod colours;
mod copied;
mod fixtures;
mod hostile;
mod inspect;
mod photos;
mod sounds;
mod standing;
mod stopped;
mod videos;

use std::path::Path;

use avvivo_media::{
    EditSpec, ImageProbe, Limits, MediaError, RenderedVideo, Settings, Transcoder, VideoPlan,
    VideoProbe,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// A transcoder with the default settings.
async fn transcoder() -> Transcoder {
    Transcoder::start(Settings::default()).await.unwrap()
}

/// A transcoder with other limits.
async fn limited(limits: Limits) -> Transcoder {
    Transcoder::start(Settings {
        limits,
        ..Settings::default()
    })
    .await
    .unwrap()
}

async fn probe(source: &Path) -> Result<VideoProbe, MediaError> {
    transcoder()
        .await
        .probe_video(source, &CancellationToken::new())
        .await
}

/// Probes, plans and renders; the outputs live as long as the folder.
async fn render(
    source: &Path,
    state: Value,
    overlay: Option<ImageProbe>,
    out: &Path,
) -> RenderedVideo {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(source, &cancel).await.unwrap();
    let edit = EditSpec::from_editor_state(&state, 0);
    let plan = VideoPlan::new(source, edit, overlay, transcoder.limits()).unwrap();
    transcoder
        .render_video(&plan, out, |_| {}, &cancel)
        .await
        .unwrap()
}
