//! From the versions of objects that a reel is pinned to, to files in the attempt's folder.

use std::path::{Path, PathBuf};

use avvivo_domain::reels::{Source, SourceRole};
use avvivo_kernel::Fault as _;
use avvivo_media::{ImageProbe, MediaError};
use avvivo_ports::ObjectPath;
use tokio::time::timeout;

use super::{Bench, RenderFault};

/// What became of the overlay image, under the words that clients read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlay {
    /// The editor rendered none.
    NotProvided,
    /// It lies over everything.
    Downloaded(ImageProbe),
    /// It has no content.
    Empty,
    /// It is gone, or is no image.
    Failed {
        /// A sentence for the shop.
        reason: String,
    },
}

impl Overlay {
    /// The image to lay over, if there is one.
    pub(super) fn image(&self) -> Option<ImageProbe> {
        match self {
            Self::Downloaded(image) => Some(image.clone()),
            Self::NotProvided | Self::Empty | Self::Failed { .. } => None,
        }
    }
}

/// The files of one role, in their order.
pub(super) fn of_role(sources: &[Source], role: SourceRole) -> impl Iterator<Item = &Source> {
    sources.iter().filter(move |source| source.role == role)
}

impl Bench<'_> {
    /// Fetches one source, of at most `max_bytes`, into `name` in the attempt's folder.
    pub(super) async fn fetch(
        &self,
        source: &Source,
        name: &str,
        max_bytes: u64,
    ) -> Result<PathBuf, RenderFault> {
        let file = self.folder.join(name);
        let path = ObjectPath::new(source.path.as_str());
        let limit = self.studio.download_timeout;
        let store = &self.studio.deps.store;
        let download = store.download(&path, source.generation, max_bytes, &file);
        match self
            .cancel
            .run_until_cancelled(timeout(limit, download))
            .await
        {
            None => Err(RenderFault::Cancelled),
            Some(Err(_)) => Err(RenderFault::SlowDownload { limit }),
            Some(Ok(Err(error))) => Err(error.into()),
            Some(Ok(Ok(_))) => Ok(file),
        }
    }

    /// Fetches the overlay image, if the reel has one. One that is broken does not keep the reel from being published, as
    /// it never did; one that cannot be had at the moment does.
    pub(super) async fn fetch_overlay(&self) -> Result<Overlay, RenderFault> {
        let Some(source) = of_role(&self.assignment.sources, SourceRole::Overlay).next() else {
            return Ok(Overlay::NotProvided);
        };
        let fault = match self.try_overlay(source).await {
            Ok(image) => return Ok(Overlay::Downloaded(image)),
            Err(fault) => fault,
        };
        if fault.kind().is_transient() {
            return Err(fault);
        }
        tracing::warn!(code = fault.code(), "the overlay is left out");
        Ok(match fault {
            RenderFault::Media(MediaError::Truncated) => Overlay::Empty,
            fault => Overlay::Failed {
                reason: fault.public_message(),
            },
        })
    }

    async fn try_overlay(&self, source: &Source) -> Result<ImageProbe, RenderFault> {
        let max_bytes = self.studio.transcoder.limits().image_bytes;
        let file = self.fetch(source, "overlay", max_bytes).await?;
        Ok(self.probe_image(&file).await?)
    }

    pub(super) async fn probe_image(&self, file: &Path) -> Result<ImageProbe, MediaError> {
        self.studio.transcoder.probe_image(file, &self.cancel).await
    }
}
