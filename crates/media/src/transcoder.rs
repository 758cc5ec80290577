//! The front door: probes and renders, asynchronously, over blocking processes that are always awaited.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ffmpeg_sidecar::event::FfmpegProgress;
use tokio_util::sync::CancellationToken;

use crate::{
    error::MediaError,
    geometry::CANVAS,
    limits::Limits,
    meter::Meter,
    outputs::{RenderedPhoto, RenderedVideo, Unfinished, measure},
    plan::{FRAMES_PER_SECOND, PhotoFiles, PhotoPlan, VideoFiles, VideoPlan},
    probe::{self, ImageProbe, VideoProbe},
    process::{self, Finished, Task},
    sandbox::{self, Isolation, Lent, ProcessLimits},
    threads::Threads,
    upright,
};

/// Where the tools are, how much one file may cost, how many threads it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The ffmpeg program; absolute.
    pub ffmpeg: PathBuf,
    /// The ffprobe program; absolute.
    pub ffprobe: PathBuf,
    /// The bounds of each probe and render.
    pub limits: Limits,
    /// Threads of a decoder and of an encoder.
    pub threads: Threads,
}

impl Default for Settings {
    /// Debian's programs and the default limits.
    fn default() -> Self {
        Self {
            ffmpeg: PathBuf::from("/usr/bin/ffmpeg"),
            ffprobe: PathBuf::from("/usr/bin/ffprobe"),
            limits: Limits::default(),
            threads: Threads::default(),
        }
    }
}

/// Probes and renders media in shut-in processes.
#[derive(Debug, Clone)]
pub struct Transcoder {
    settings: Arc<Settings>,
    isolation: Isolation,
}

/// A render's video is at least this much of its window (one part in …), or the source is taken for damaged: what is
/// left of it is no reel.
const LEAST_PART: u64 = 5;

impl Transcoder {
    /// Checks that the tools are there, finds the strongest isolation the host permits, and hides this process's memory
    /// and environment from the programs it will run.
    pub async fn start(settings: Settings) -> Result<Self, MediaError> {
        let bounds = probe_bounds(&settings.limits);
        let programs = [settings.ffmpeg.clone(), settings.ffprobe.clone()];
        let isolation = blocking(move || {
            for program in programs {
                if !program.is_file() {
                    return Err(MediaError::Tool {
                        problem: format!("{} is missing", program.display()),
                    });
                }
            }
            sandbox::hide()?;
            Isolation::detect(bounds)
        })
        .await?;
        Ok(Self {
            settings: Arc::new(settings),
            isolation,
        })
    }

    /// How far processes are shut in on this host. Worth a line in the log at start.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Checks that the programs get as far as `folder`, as [`Isolation::guest`] may not.
    pub async fn check_reach(&self, folder: &Path) -> Result<(), MediaError> {
        let (folder, isolation) = (folder.to_owned(), self.isolation);
        let bounds = probe_bounds(&self.settings.limits);
        blocking(move || {
            if isolation.reaches(&folder, bounds) {
                return Ok(());
            }
            Err(MediaError::Tool {
                problem: format!("{} is out of ffmpeg's reach", folder.display()),
            })
        })
        .await
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Finds out what a video is, and refuses it if it is not one we take.
    pub async fn probe_video(
        &self,
        path: &Path,
        cancel: &CancellationToken,
    ) -> Result<VideoProbe, MediaError> {
        let (path, own) = (path.to_owned(), self.clone());
        let source = blocking(move || {
            let source = probe::admit_video(&path, own.limits())?;
            own.isolation.show(&source.path).map(|()| source)
        })
        .await?;
        let limits = &self.settings.limits;
        let answer = self
            .ask(probe::video_arguments(&source, limits), cancel)
            .await?;
        probe::read_video(source, &answer, limits)
    }

    /// Finds out what a photo or overlay image is, and refuses it if it is not one we take.
    pub async fn probe_image(
        &self,
        path: &Path,
        cancel: &CancellationToken,
    ) -> Result<ImageProbe, MediaError> {
        let (path, own) = (path.to_owned(), self.clone());
        let source = blocking(move || {
            let source = probe::admit_image(&path, own.limits())?;
            own.isolation.show(&source.path).map(|()| source)
        })
        .await?;
        let limits = &self.settings.limits;
        let answer = self
            .ask(probe::image_arguments(&source, limits), cancel)
            .await?;
        probe::read_image(source, &answer, limits)
    }

    /// Makes `video.mp4` and `thumbnail.jpg` in `out_dir`, which exists.
    ///
    /// `on_percent` hears each whole percent once, rising, from a blocking thread: it may take its time but should
    /// not wait for anything. On any error, cancellation included, no process and no output is left.
    pub async fn render_video(
        &self,
        plan: &VideoPlan,
        out_dir: &Path,
        on_percent: impl FnMut(u8) + Send + 'static,
        cancel: &CancellationToken,
    ) -> Result<RenderedVideo, MediaError> {
        let out_dir =
            std::path::absolute(out_dir).map_err(MediaError::files("find the output folder"))?;
        let (video, thumbnail) = (out_dir.join("video.mp4"), out_dir.join("thumbnail.jpg"));
        let files = VideoFiles {
            video: &video,
            thumbnail: &thumbnail,
        };
        let unfinished = Unfinished::new([files.video, files.thumbnail]);
        let (meter, frames) = Meter::new(plan.window().duration, on_percent);
        let arguments = plan.arguments(files, self.settings.threads);
        let lent = self.lend(&out_dir).await?;
        let finished = self
            .render(arguments, meter.into_callback(), cancel)
            .await?;
        drop(lent);

        let frames = frames.load(Ordering::Relaxed);
        let duration = if plan.copies() {
            plan.window().duration
        } else {
            Duration::from_millis(frames.saturating_mul(1000) / FRAMES_PER_SECOND)
        };
        let least = plan.window().duration.as_millis() / u128::from(LEAST_PART);
        if frames == 0 || duration.as_millis() < least {
            return Err(MediaError::Damaged { log: finished.log });
        }
        let video_bytes = measure(&video, &finished.log)?;
        let thumbnail_bytes = measure(&thumbnail, &finished.log)?;
        if plan.turns() {
            let video = video.clone();
            blocking(move || upright::declare(&video)).await?;
        }
        unfinished.keep();
        Ok(RenderedVideo {
            video,
            thumbnail,
            duration,
            size: CANVAS,
            video_bytes,
            thumbnail_bytes,
            copied: plan.copies(),
            cpu: finished.cpu,
        })
    }

    /// Makes one JPEG at `output`, in a folder that exists. On any error nothing is left there.
    pub async fn render_photo(
        &self,
        plan: &PhotoPlan,
        output: &Path,
        cancel: &CancellationToken,
    ) -> Result<RenderedPhoto, MediaError> {
        let photo =
            std::path::absolute(output).map_err(MediaError::files("find the output folder"))?;
        let unfinished = Unfinished::new([&photo]);
        let lent = self.lend(photo.parent().unwrap_or(Path::new("/"))).await?;
        let finished = self
            .render(plan.arguments(PhotoFiles { photo: &photo }), |_| {}, cancel)
            .await?;
        drop(lent);
        let bytes = measure(&photo, &finished.log)?;
        unfinished.keep();
        Ok(RenderedPhoto {
            photo,
            size: CANVAS,
            bytes,
            cpu: finished.cpu,
        })
    }

    /// Lets the programs write in `folder` until the result is dropped.
    async fn lend(&self, folder: &Path) -> Result<Lent, MediaError> {
        let (folder, isolation) = (folder.to_owned(), self.isolation);
        blocking(move || isolation.lend(&folder)).await
    }

    async fn ask(
        &self,
        arguments: Vec<OsString>,
        cancel: &CancellationToken,
    ) -> Result<Vec<u8>, MediaError> {
        let limits = &self.settings.limits;
        let mut command = self
            .isolation
            .command(&self.settings.ffprobe, probe_bounds(limits));
        command.args(arguments);
        let task = Task {
            command,
            wall: limits.probe_wall,
            stdout_bytes: limits.probe_output_bytes,
        };
        let finished = process::run(task, cancel, |_| {}).await?;
        if finished.stdout_overflowed {
            // We ask for a few fixed fields of each stream, so only their number can make it long.
            return Err(MediaError::TooManyStreams);
        }
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        Err(finished.into_error(limits.probe_cpu, |log| {
            if log.contains("moov atom not found") {
                MediaError::Truncated
            } else if let Some(decoder) = probe::refused_decoder(&log) {
                MediaError::Unsupported {
                    what: decoder.to_owned(),
                }
            } else {
                MediaError::Damaged { log }
            }
        }))
    }

    async fn render(
        &self,
        arguments: Vec<OsString>,
        on_progress: impl FnMut(&FfmpegProgress) + Send + 'static,
        cancel: &CancellationToken,
    ) -> Result<Finished, MediaError> {
        let limits = &self.settings.limits;
        let bounds = ProcessLimits {
            memory_bytes: limits.memory_bytes,
            output_bytes: limits.output_bytes,
            cpu: limits.render_cpu,
        };
        let mut command = self.isolation.command(&self.settings.ffmpeg, bounds);
        command.args(arguments);
        let task = Task {
            command,
            wall: limits.render_wall,
            stdout_bytes: 0,
        };
        let finished = process::run(task, cancel, on_progress).await?;
        if finished.status.success() {
            return Ok(finished);
        }
        Err(finished.into_error(limits.render_cpu, |log| MediaError::Damaged { log }))
    }
}

fn probe_bounds(limits: &Limits) -> ProcessLimits {
    ProcessLimits {
        memory_bytes: limits.memory_bytes,
        output_bytes: 0,
        cpu: limits.probe_cpu,
    }
}

/// Runs file operations where they may block, and waits for them.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, MediaError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| {
            Err(MediaError::Tool {
                problem: panic.to_string(),
            })
        })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use avvivo_kernel::Fault;

    use super::*;
    use crate::probe::Admitted;

    /// The checks in Rust refuse a playlist first, and the network is out of reach. Without either, the arguments
    /// alone still keep the tools from following it.
    #[tokio::test]
    async fn a_playlist_that_gets_as_far_as_ffprobe_still_leads_nowhere() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/internal", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reel.mp4");
        std::fs::write(
            &path,
            format!("#EXTM3U\n#EXTINF:4,\n{url}\n#EXT-X-ENDLIST\n"),
        )
        .unwrap();

        let settings = Arc::new(Settings::default());
        let transcoder = Transcoder {
            settings,
            isolation: Isolation::LimitsOnly,
        };
        let source = Admitted {
            path,
            bytes: 100,
            found: (),
        };
        let arguments = probe::video_arguments(&source, transcoder.limits());
        let refused = transcoder
            .ask(arguments, &CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(
            refused.code(),
            "media.truncated",
            "read as MP4, and as nothing else"
        );
        assert!(listener.accept().is_err(), "nobody called");
    }
}
