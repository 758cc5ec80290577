//! A photo set: every photo by itself, with its own edits and the same overlay.
//!
//! All photos are fetched and looked at before the first is rendered, so that a set with a broken one costs little. They
//! are rendered one after the other: each takes a second, and one process at a time is what the memory is counted for.

use std::path::PathBuf;

use avvivo_domain::reels::{Source, SourceRole, Stage};
use avvivo_media::{EditSpec, ImageProbe, PhotoPlan, RenderedPhoto};
use avvivo_postgres::reels::render::Outputs;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Bench, Product, RenderFault,
    outputs::{JPEG, Output, photo_path},
    report::{Given, Renders, of_photo, report},
    sources::{Overlay, of_role},
};

/// A photo that may be rendered.
struct Shot<'a> {
    index: usize,
    source: &'a Source,
    probe: ImageProbe,
}

impl Bench<'_> {
    /// Makes the photos; the first is also the still.
    pub(super) async fn make_photos(&self) -> Result<Product, RenderFault> {
        let shots = self.fetch_photos().await?;
        let overlay = self.fetch_overlay().await?;
        self.progress.enter(Stage::RenderPhotoSet);
        let began = Instant::now();
        let (mut made, mut entries) = (Vec::new(), Vec::new());
        for shot in &shots {
            let (photo, entry) = self.make_photo(shot, &overlay).await?;
            made.push(photo);
            entries.push(entry);
            let percent = made.len() * 100 / shots.len();
            self.progress
                .advance(u8::try_from(percent).unwrap_or(u8::MAX));
        }
        let elapsed = began.elapsed();

        let outputs = made.iter().enumerate().map(|(index, photo)| Output {
            file: &photo.photo,
            path: photo_path(self.assignment, index),
            content_type: JPEG,
        });
        let photo_urls = self.store(outputs.collect()).await?;
        Ok(Product {
            outputs: Outputs {
                video_url: None,
                thumbnail_url: photo_urls.first().cloned(),
                photo_urls,
                duration_seconds: None,
                report: report(&overlay, Renders::Photos(entries)),
            },
            elapsed,
            media_time: None,
        })
    }

    async fn fetch_photos(&self) -> Result<Vec<Shot<'_>>, RenderFault> {
        let max_bytes = self.studio.transcoder.limits().image_bytes;
        let mut shots = Vec::new();
        for (index, source) in of_role(&self.assignment.sources, SourceRole::Photo).enumerate() {
            let file = self
                .fetch(source, &format!("photo-{index}"), max_bytes)
                .await?;
            let probe = self.probe_image(&file).await?;
            shots.push(Shot {
                index,
                source,
                probe,
            });
        }
        if shots.is_empty() {
            return Err(RenderFault::NoSource);
        }
        Ok(shots)
    }

    async fn make_photo(
        &self,
        shot: &Shot<'_>,
        overlay: &Overlay,
    ) -> Result<(RenderedPhoto, Value), RenderFault> {
        let transcoder = &self.studio.transcoder;
        let state = self.assignment.reel.editor_state.as_ref();
        let edit = EditSpec::from_editor_state(state.unwrap_or(&Value::Null), shot.index);
        let plan = PhotoPlan::new(
            shot.probe.clone(),
            edit.clone(),
            overlay.image(),
            transcoder.limits(),
        );
        let file: PathBuf = self.folder.join(format!("page-{}.jpg", shot.index));
        let began = Instant::now();
        let made = transcoder.render_photo(&plan, &file, &self.cancel).await?;
        let given = Given {
            source: shot.source,
            edit: &edit,
            overlay,
            elapsed: began.elapsed(),
        };
        let entry = of_photo(&given, shot.index, &shot.probe, &made);
        Ok((made, entry))
    }
}
