//! The words for ffmpeg. One process makes everything: the video and its thumbnail are two outputs of one decode.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
    time::Duration,
};

use ffmpeg_sidecar::command::FfmpegCommand;

use super::{PhotoPlan, Sound, VideoPlan, filters};
use crate::{
    probe::{IMAGE_DECODERS, ImageProbe, VIDEO_DECODERS, closed, file_url},
    threads::Threads,
};

/// The cap on the rate and the buffer that enforces it: two seconds of it.
const MAX_RATE: &str = "5200k";
const RATE_BUFFER: &str = "10400k";
/// Two seconds: seeking in a 17 s clip lands near enough.
const KEYFRAME_INTERVAL: &str = "60";
/// JPEG quality of photos, on mjpeg's scale of 2 (best) to 31.
const PHOTO_QUALITY: &str = "2";
/// And of thumbnails, which are shown small.
const THUMBNAIL_QUALITY: &str = "3";
/// How far past its stated end a copied source is read; a file that lied about its length ends there.
const COPY_SLACK: Duration = Duration::from_millis(500);
/// How far past the thumbnail's moment a copied source is decoded: a few frames.
const THUMBNAIL_SLACK: Duration = Duration::from_millis(200);

/// Where a video's outputs go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VideoFiles<'a> {
    pub(crate) video: &'a Path,
    pub(crate) thumbnail: &'a Path,
}

/// Where a photo's output goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhotoFiles<'a> {
    pub(crate) photo: &'a Path,
}

impl VideoPlan {
    /// The arguments of the one ffmpeg process that carries this plan out.
    pub(crate) fn arguments(&self, files: VideoFiles<'_>, threads: Threads) -> Vec<OsString> {
        let mut ffmpeg = start();
        if self.copies {
            self.copy(&mut ffmpeg, files, threads);
        } else {
            self.render(&mut ffmpeg, files, threads);
        }
        let thumbnail = [
            "-map",
            "[thumbnail]",
            "-frames:v",
            "2",
            "-c:v",
            "mjpeg",
            "-q:v",
            THUMBNAIL_QUALITY,
        ];
        ffmpeg
            .args(thumbnail)
            .args(["-threads", "1", "-update", "1", "-f", "image2"]);
        ffmpeg.output(file_url(files.thumbnail));
        words(&ffmpeg)
    }

    fn render(&self, ffmpeg: &mut FfmpegCommand, files: VideoFiles<'_>, threads: Threads) {
        if !self.window.start.is_zero() {
            // To the keyframe before the window. What precedes the window is cut by the filters, which know that its
            // last frame may stand into it; ffmpeg's own cut would lose that frame.
            ffmpeg
                .arg("-noaccurate_seek")
                .seek(seconds(self.window.start));
        }
        self.source_input(ffmpeg, threads);
        if let Some(image) = &self.overlay {
            image_input(ffmpeg, image, self.max_overlay_pixels);
        }
        ffmpeg.filter_complex(filters::video(self)).map("[video]");
        let count = threads.to_string();
        ffmpeg
            .codec_video("libx264")
            .preset("veryfast")
            .crf(23)
            .args(["-threads", &count]);
        ffmpeg.args([
            "-profile:v",
            "high",
            "-level:v",
            "4.0",
            "-g",
            KEYFRAME_INTERVAL,
        ]);
        ffmpeg
            .args(["-maxrate", MAX_RATE, "-bufsize", RATE_BUFFER])
            .pix_fmt("yuv420p");
        self.sound_output(ffmpeg);
        mp4_output(ffmpeg, files.video);
    }

    fn copy(&self, ffmpeg: &mut FfmpegCommand, files: VideoFiles<'_>, threads: Threads) {
        ffmpeg.duration(seconds(self.window.duration + COPY_SLACK));
        self.source_input(ffmpeg, threads);
        ffmpeg.duration(seconds(self.thumbnail_at() + THUMBNAIL_SLACK));
        self.source_input(ffmpeg, threads);
        ffmpeg.filter_complex(filters::thumbnail_of_copy(self));
        ffmpeg
            .map(format!("0:{}", self.source.video.index))
            .codec_video("copy");
        self.sound_output(ffmpeg);
        mp4_output(ffmpeg, files.video);
    }

    fn source_input(&self, ffmpeg: &mut FfmpegCommand, threads: Threads) {
        ffmpeg
            .arg("-noautorotate")
            .args(["-threads", &threads.to_string()]);
        guarded_input(
            ffmpeg,
            "mov",
            VIDEO_DECODERS,
            self.max_pixels,
            &self.source.path,
        );
    }

    /// The sound, which the window bounds as it bounds the picture; neither track's end cuts the other.
    fn sound_output(&self, ffmpeg: &mut FfmpegCommand) {
        let length = seconds(self.window.duration);
        match &self.sound {
            Sound::None => {}
            Sound::Kept(track) => {
                ffmpeg.map(format!("0:{}", track.index)).codec_audio("copy");
                if !self.copies {
                    ffmpeg.duration(length);
                }
            }
            Sound::Encoded(track) => {
                ffmpeg
                    .map(format!("0:{}", track.index))
                    .args(["-filter:a", &format!("atrim=start=0:end={length}")])
                    .codec_audio("aac")
                    .args(["-b:a", "128k"]);
                if track.channels > 2 {
                    ffmpeg.args(["-ac", "2"]);
                }
                if track.samples_per_second > 48_000 {
                    ffmpeg.args(["-ar", "48000"]);
                }
            }
        }
    }
}

impl PhotoPlan {
    /// The arguments of the one ffmpeg process that carries this plan out.
    pub(crate) fn arguments(&self, files: PhotoFiles<'_>) -> Vec<OsString> {
        let mut ffmpeg = start();
        image_input(&mut ffmpeg, &self.source, self.max_pixels);
        if let Some(image) = &self.overlay {
            image_input(&mut ffmpeg, image, self.max_pixels);
        }
        ffmpeg
            .filter_complex(filters::photo(self))
            .map("[photo]")
            .frames(1);
        ffmpeg.codec_video("mjpeg").args([
            "-q:v",
            PHOTO_QUALITY,
            "-threads",
            "1",
            "-map_metadata",
            "-1",
        ]);
        ffmpeg
            .args(["-update", "1", "-f", "image2"])
            .output(file_url(files.photo));
        words(&ffmpeg)
    }
}

/// What every command begins with. Only errors and progress are said: a file's own words never reach the log.
fn start() -> FfmpegCommand {
    let mut ffmpeg = FfmpegCommand::from(Command::new("ffmpeg"));
    ffmpeg
        .hide_banner()
        .overwrite()
        .args(["-nostdin", "-loglevel", "level+error", "-stats"]);
    // The filters are bounded by memory, not by arithmetic: more threads only add overhead.
    ffmpeg.args(["-filter_complex_threads", "1"]);
    ffmpeg
}

/// An input whose demuxer is named instead of guessed, and that can lead to no other file, host or decoder.
fn guarded_input(
    ffmpeg: &mut FfmpegCommand,
    demuxer: &str,
    decoders: &str,
    pixels: u64,
    path: &Path,
) {
    ffmpeg.args(["-protocol_whitelist", "file", "-codec_whitelist", decoders]);
    ffmpeg
        .args(closed(demuxer))
        .args(["-max_pixels", &pixels.to_string()])
        .format(demuxer)
        .input(file_url(path));
}

fn image_input(ffmpeg: &mut FfmpegCommand, image: &ImageProbe, pixels: u64) {
    ffmpeg.arg("-noautorotate").args(["-threads", "1"]);
    guarded_input(
        ffmpeg,
        image.format.demuxer(),
        IMAGE_DECODERS,
        pixels,
        &image.path,
    );
}

/// An MP4 that starts playing before it is loaded, and says nothing about who filmed it, where and with what.
fn mp4_output(ffmpeg: &mut FfmpegCommand, path: &Path) {
    ffmpeg.args([
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-fflags",
        "+bitexact",
    ]);
    ffmpeg
        .args(["-movflags", "+faststart"])
        .format("mp4")
        .output(file_url(path));
}

fn words(ffmpeg: &FfmpegCommand) -> Vec<OsString> {
    ffmpeg.get_args().map(OsStr::to_owned).collect()
}

/// A duration as ffmpeg reads it, to the microsecond.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{}.{:06}", duration.as_secs(), duration.subsec_micros())
}
