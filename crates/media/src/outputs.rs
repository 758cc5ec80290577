//! What a render leaves on disk: either everything, or nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{error::MediaError, geometry::Size};

/// A published video and its thumbnail, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedVideo {
    /// The MP4.
    pub video: PathBuf,
    /// The JPEG.
    pub thumbnail: PathBuf,
    /// How long the video is.
    pub duration: Duration,
    /// Its size in pixels.
    pub size: Size,
    /// The MP4's size.
    pub video_bytes: u64,
    /// The JPEG's size.
    pub thumbnail_bytes: u64,
    /// Whether the source's picture was taken over as it was.
    pub copied: bool,
    /// The CPU time it took.
    pub cpu: Duration,
}

/// A published photo, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedPhoto {
    /// The JPEG.
    pub photo: PathBuf,
    /// Its size in pixels.
    pub size: Size,
    /// Its size in bytes.
    pub bytes: u64,
    /// The CPU time it took.
    pub cpu: Duration,
}

/// Files being written. They are removed unless the render ends well and they are kept.
#[derive(Debug)]
pub(crate) struct Unfinished {
    paths: Vec<PathBuf>,
}

impl Unfinished {
    pub(crate) fn new<const N: usize>(paths: [&Path; N]) -> Self {
        Self {
            paths: paths.map(Path::to_owned).to_vec(),
        }
    }

    /// Keeps the files.
    pub(crate) fn keep(mut self) {
        self.paths.clear();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in &self.paths {
            // A process that failed early has not created it.
            drop(fs::remove_file(path));
        }
    }
}

/// The size of an output that must have content. ffmpeg also succeeds when it decoded nothing. A link is no output: who
/// wrote it may not have been ffmpeg any more.
pub(crate) fn measure(path: &Path, log: &str) -> Result<u64, MediaError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => Ok(metadata.len()),
        _ => Err(MediaError::Damaged {
            log: log.to_owned(),
        }),
    }
}
