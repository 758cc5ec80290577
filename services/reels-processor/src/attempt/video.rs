//! A video reel: one source, one process, two outputs.

use avvivo_domain::reels::{SourceRole, Stage};
use avvivo_media::{EditSpec, RenderedVideo, VideoPlan};
use avvivo_postgres::reels::render::Outputs;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Bench, Product, RenderFault,
    outputs::{JPEG, MP4, Output, thumbnail_path, video_path},
    report::{Given, Renders, of_video, report},
    sources::of_role,
};

impl Bench<'_> {
    /// Makes the video and its still.
    pub(super) async fn make_video(&self) -> Result<Product, RenderFault> {
        let transcoder = &self.studio.transcoder;
        let source = of_role(&self.assignment.sources, SourceRole::Video)
            .next()
            .ok_or(RenderFault::NoSource)?;
        let file = self
            .fetch(source, "source", transcoder.limits().video_bytes)
            .await?;
        let probe = transcoder.probe_video(&file, &self.cancel).await?;
        let overlay = self.fetch_overlay().await?;
        let state = self.assignment.reel.editor_state.as_ref();
        let edit = EditSpec::from_editor_state(state.unwrap_or(&Value::Null), 0);
        let limits = transcoder.limits();
        let plan = VideoPlan::new(probe.clone(), edit.clone(), overlay.image(), limits)?;

        self.progress.enter(Stage::RenderVideo);
        let progress = self.progress.clone();
        let began = Instant::now();
        let made = transcoder
            .render_video(
                &plan,
                self.folder,
                move |percent| progress.advance(percent),
                &self.cancel,
            )
            .await?;
        let elapsed = began.elapsed();

        let (video_url, thumbnail_url) = self.store_video(&made).await?;
        let given = Given {
            source,
            edit: &edit,
            overlay: &overlay,
            elapsed,
        };
        let entry = of_video(&given, &probe, &plan, &made);
        Ok(Product {
            outputs: Outputs {
                video_url,
                thumbnail_url,
                photo_urls: Vec::new(),
                duration_seconds: Some(whole_seconds(made.duration)),
                report: report(&overlay, Renders::Video(entry)),
            },
            elapsed,
            media_time: Some(made.duration),
        })
    }

    async fn store_video(
        &self,
        made: &RenderedVideo,
    ) -> Result<(Option<String>, Option<String>), RenderFault> {
        let outputs = vec![
            Output {
                file: &made.video,
                path: video_path(self.assignment),
                content_type: MP4,
            },
            Output {
                file: &made.thumbnail,
                path: thumbnail_path(self.assignment),
                content_type: JPEG,
            },
        ];
        let mut urls = self.store(outputs).await?.into_iter();
        Ok((urls.next(), urls.next()))
    }
}

/// The length that players are told: rounded, and never nothing.
fn whole_seconds(duration: std::time::Duration) -> u32 {
    let rounded = duration.as_millis().saturating_add(500) / 1_000;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lengths_are_rounded_and_never_nothing() {
        for (millis, seconds) in [(100, 1), (1_499, 1), (1_500, 2), (16_966, 17)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
