//! Where outputs go. Their names are new with every lease and never used again, so caches may keep them for ever.

use std::path::Path;

use avvivo_app::rendering::{Assignment, reserve_outputs};
use avvivo_ports::{Content, ObjectPath, Upload};

use super::{Bench, RenderFault};

/// A year, the longest that caches take seriously.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
pub(super) const MP4: &str = "video/mp4";
pub(super) const JPEG: &str = "image/jpeg";

/// A file on disk and the name it gets.
pub(super) struct Output<'a> {
    pub(super) file: &'a Path,
    pub(super) path: ObjectPath,
    pub(super) content_type: &'static str,
}

/// The name of the video.
pub(super) fn video_path(assignment: &Assignment) -> ObjectPath {
    named(assignment, "reel.mp4")
}

/// The name of a video's still.
pub(super) fn thumbnail_path(assignment: &Assignment) -> ObjectPath {
    named(assignment, "thumb.jpg")
}

/// The name of the photo at `index`.
pub(super) fn photo_path(assignment: &Assignment, index: usize) -> ObjectPath {
    named(assignment, &format!("photo-{index}.jpg"))
}

fn named(assignment: &Assignment, what: &str) -> ObjectPath {
    let (reel, lease) = assignment.key();
    let shop = assignment.reel.shop_id;
    let lease = lease.as_uuid().simple();
    ObjectPath::new(format!("processed/shops/{shop}/{reel}-{lease}-{what}"))
}

impl Bench<'_> {
    /// Stores outputs under names that are condemned until the reel is published, and answers their public addresses.
    pub(super) async fn store(&self, outputs: Vec<Output<'_>>) -> Result<Vec<String>, RenderFault> {
        let deps = &self.studio.deps;
        let paths: Vec<ObjectPath> = outputs.iter().map(|output| output.path.clone()).collect();
        reserve_outputs::run(deps, &paths).await?;
        for output in outputs {
            let upload = deps.store.upload(Upload {
                content: Content::File(output.file),
                path: output.path,
                content_type: output.content_type,
                cache_control: FOR_EVER,
            });
            match self.cancel.run_until_cancelled(upload).await {
                None => return Err(RenderFault::Cancelled),
                Some(stored) => stored?,
            };
        }
        Ok(paths
            .iter()
            .map(|path| deps.store.public_url(path))
            .collect())
    }
}
