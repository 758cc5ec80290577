//! What will be done to a source: a pure value, and from it the exact words for ffmpeg.
//!
//! Everything is decided here, before any process starts: whether the source is copied or rendered, which window of
//! it, where the picture lies, whether the sound is kept as it is. Equal inputs give equal commands, so a render that
//! is repeated gives the same file, and the commands can be read in the snapshots beside the tests.

mod arguments;
mod filters;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use arguments::{PhotoFiles, VideoFiles};

use crate::{
    colour::{Matrix, Range, Transfer},
    edit::{EditSpec, Trim},
    error::MediaError,
    geometry::{Layout, Orientation},
    limits::Limits,
    probe::{AudioTrack, ImageProbe, VideoProbe},
};

/// Frames a second of every published video.
pub(crate) const FRAMES_PER_SECOND: u64 = 30;
/// The cap on a published video's rate; a source above it is not copied.
const MOST_BITS_PER_SECOND: u64 = 5_200_000;
/// The least; below it every player makes up frames of its own.
const FEWEST_FRAMES_PER_SECOND: u64 = 23;
/// Sound that ends this much after the picture would be heard over a still.
const SOUND_SLACK: Duration = Duration::from_millis(100);
/// The highest H.264 level a published video may have, times ten.
const HIGHEST_LEVEL: i64 = 40;
/// Sound up to this rate is kept as it is: encoding it again costs more quality than it saves bytes.
const KEPT_AUDIO_BITS_PER_SECOND: u64 = 192_000;

/// Encoders round up to whole frames and packets: this much past the limit is not longer than the limit.
const LENGTH_SLACK: Duration = Duration::from_millis(100);
/// A window this short is no wish but a slip, and is ignored.
const SHORTEST_WINDOW: Duration = Duration::from_millis(400);
/// A trim that removes less than this removes nothing.
const TRIM_SLACK: Duration = Duration::from_millis(50);
/// Where the thumbnail is taken, if the video is long enough.
const THUMBNAIL_AT: Duration = Duration::from_secs(1);

/// The part of the source that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it starts in the source.
    pub start: Duration,
    /// How long it lasts.
    pub duration: Duration,
}

/// What happens to the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sound {
    /// There is none.
    None,
    /// It already is what the output may have.
    Kept(AudioTrack),
    /// It is encoded.
    Encoded(AudioTrack),
}

/// How one video becomes a reel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoPlan {
    source: VideoProbe,
    edit: EditSpec,
    overlay: Option<ImageProbe>,
    window: Window,
    sound: Sound,
    copies: bool,
    max_pixels: u64,
    max_overlay_pixels: u64,
}

impl VideoPlan {
    /// Decides what to do. The one thing that can be wrong by now is the length.
    pub fn new(
        source: VideoProbe,
        edit: EditSpec,
        overlay: Option<ImageProbe>,
        limits: &Limits,
    ) -> Result<Self, MediaError> {
        let trimmed = edit
            .trim
            .and_then(|trim| window(trim, source.duration, limits.reel_duration));
        if trimmed.is_none() && source.duration > limits.reel_duration + LENGTH_SLACK {
            return Err(MediaError::TooLong {
                actual: source.duration,
                limit: limits.reel_duration,
            });
        }
        let window = trimmed.unwrap_or(Window {
            start: Duration::ZERO,
            duration: source.duration,
        });
        let sound = match &source.audio {
            None => Sound::None,
            Some(track) if window.start.is_zero() && may_be_kept(track) => {
                Sound::Kept(track.clone())
            }
            Some(track) => Sound::Encoded(track.clone()),
        };
        let copies = trimmed.is_none()
            && overlay.is_none()
            && may_be_copied(&sound, source.duration)
            && is_already_the_output(&source);
        Ok(Self {
            source,
            edit,
            overlay,
            window,
            sound,
            copies,
            max_pixels: limits.video_pixels,
            max_overlay_pixels: limits.image_pixels,
        })
    }

    /// Whether the source is published as it is, without decoding more of it than the thumbnail needs.
    pub fn copies(&self) -> bool {
        self.copies
    }

    /// Whether the picture is turned, after which the file must not ask players to turn it again.
    pub(crate) fn turns(&self) -> bool {
        self.source.video.frame.orientation != Orientation::Upright
    }

    /// The part of the source that is published.
    pub fn window(&self) -> Window {
        self.window
    }

    /// How many frames the window has; never none.
    fn frames(&self) -> u128 {
        const MICROS: u128 = 1_000_000;
        let frames = self.window.duration.as_micros() * u128::from(FRAMES_PER_SECOND);
        ((frames + MICROS / 2) / MICROS).max(1)
    }

    /// The moment of the thumbnail, counted from the window's start.
    pub fn thumbnail_at(&self) -> Duration {
        THUMBNAIL_AT.min(self.window.duration / 2)
    }
}

/// The trim held against the source; `None` if it leaves everything or almost nothing.
fn window(trim: Trim, source: Duration, longest: Duration) -> Option<Window> {
    let wanted = trim.duration.min(longest);
    let start = trim.start.min(source.saturating_sub(wanted));
    let duration = wanted.min(source.saturating_sub(start));
    let cuts = !start.is_zero() || duration + TRIM_SLACK < source;
    (cuts && duration > SHORTEST_WINDOW).then_some(Window { start, duration })
}

fn may_be_kept(track: &AudioTrack) -> bool {
    track.codec == "aac"
        && track.profile == "LC"
        && track.channels <= 2
        && track.samples_per_second <= 48_000
        && !track.has_lead_in
        && track
            .bits_per_second
            .is_some_and(|rate| rate <= KEPT_AUDIO_BITS_PER_SECOND)
}

/// Whether the sound can be taken over with a picture of this length, to which nothing holds it when copying.
fn may_be_copied(sound: &Sound, picture: Duration) -> bool {
    match sound {
        Sound::None => true,
        Sound::Kept(track) => track.ends.is_some_and(|ends| ends <= picture + SOUND_SLACK),
        Sound::Encoded(_) => false,
    }
}

/// Whether the picture is, in every respect that viewers' devices care about, what a render would make of it.
fn is_already_the_output(source: &VideoProbe) -> bool {
    let video = &source.video;
    video.codec == "h264"
        && ["High", "Main", "Constrained Baseline"].contains(&video.profile.as_str())
        && (1..=HIGHEST_LEVEL).contains(&video.level)
        && video.frame.is_canvas()
        && video.pixel_format == "yuv420p"
        && video.range == Range::Limited
        && video.transfer == Transfer::Standard
        && video.matrix != Matrix::Bt2020
        && video.progressive
        && video.starts_at_zero
        && video.rate.is_some_and(|rate| {
            !rate.exceeds(FRAMES_PER_SECOND) && !rate.is_below(FEWEST_FRAMES_PER_SECOND)
        })
        && video
            .bits_per_second
            .is_some_and(|rate| rate <= MOST_BITS_PER_SECOND)
}

/// How one photo becomes a page of a reel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPlan {
    source: ImageProbe,
    edit: EditSpec,
    overlay: Option<ImageProbe>,
    max_pixels: u64,
}

impl PhotoPlan {
    /// Decides what to do with a photo.
    pub fn new(
        source: ImageProbe,
        edit: EditSpec,
        overlay: Option<ImageProbe>,
        limits: &Limits,
    ) -> Self {
        Self {
            source,
            edit,
            overlay,
            max_pixels: limits.image_pixels,
        }
    }

    fn layout(&self) -> Layout {
        Layout::of(self.source.frame, self.edit.fit)
    }
}
