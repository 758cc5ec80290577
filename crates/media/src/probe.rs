//! What a source is, found out by ffprobe and held against the limits before anything decodes it in earnest.

mod answer;
mod codecs;

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use answer::{Answer, Stream};
use codecs::{AUDIO_CODECS, VIDEO_CODECS};
pub(crate) use codecs::{IMAGE_DECODERS, VIDEO_DECODERS, refused_decoder};

use crate::{
    colour::{Matrix, Range, Transfer},
    error::MediaError,
    geometry::{Frame, Orientation, Size},
    image_header::{self, ImageFormat, ImageHeader},
    limits::Limits,
};

/// How fast frames follow one another, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Frames …
    pub frames: u64,
    /// … in this many seconds.
    pub seconds: u64,
}

impl Rate {
    /// Whether this is less than `limit` frames a second.
    pub(crate) fn is_below(self, limit: u64) -> bool {
        self.frames < self.seconds.saturating_mul(limit)
    }

    /// Whether this is more than `limit` frames a second, a per mille aside: 30 is often stored as 30.0003.
    pub(crate) fn exceeds(self, limit: u64) -> bool {
        self.frames.saturating_mul(1000) > self.seconds.saturating_mul(limit).saturating_mul(1001)
    }
}

/// The picture track of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoTrack {
    pub(crate) index: usize,
    pub(crate) codec: String,
    pub(crate) profile: String,
    pub(crate) level: i64,
    /// Size, pixel shape and turn.
    pub frame: Frame,
    /// The average rate; `None` if the file does not say.
    pub rate: Option<Rate>,
    pub(crate) pixel_format: String,
    pub(crate) range: Range,
    pub(crate) matrix: Matrix,
    pub(crate) transfer: Transfer,
    pub(crate) bits_per_second: Option<u64>,
    /// Whether its first frame is shown at once, and none is hidden before it.
    pub(crate) starts_at_zero: bool,
    pub(crate) progressive: bool,
}

/// The sound track of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioTrack {
    pub(crate) index: usize,
    pub(crate) codec: String,
    pub(crate) profile: String,
    pub(crate) channels: u32,
    pub(crate) samples_per_second: u32,
    pub(crate) bits_per_second: Option<u64>,
    /// Whether sound that is not to be heard lies before its start.
    pub(crate) has_lead_in: bool,
    /// When it ends; `None` if the file does not say.
    pub(crate) ends: Option<Duration>,
}

/// An acceptable source video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoProbe {
    /// Where it is; absolute.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How long the picture lasts.
    pub duration: Duration,
    /// The picture.
    pub video: VideoTrack,
    /// The sound, if there is one we can decode.
    pub audio: Option<AudioTrack>,
}

/// An acceptable photo or overlay image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageProbe {
    /// Where it is; absolute.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub format: ImageFormat,
    /// Size and turn.
    pub frame: Frame,
    /// Whether parts of it may be transparent.
    pub has_alpha: bool,
}

/// A file that may be shown to ffprobe: ours to read, not too large, and by its first bytes what it should be.
#[derive(Debug)]
pub(crate) struct Admitted<T> {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) found: T,
}

/// Blocking. The checks that need no decoder, for a video.
pub(crate) fn admit_video(path: &Path, limits: &Limits) -> Result<Admitted<()>, MediaError> {
    let (path, bytes, mut file) = open(path, limits.video_bytes)?;
    crate::container::check(&mut file)?;
    Ok(Admitted {
        path,
        bytes,
        found: (),
    })
}

/// Blocking. The checks that need no decoder, for an image.
pub(crate) fn admit_image(
    path: &Path,
    limits: &Limits,
) -> Result<Admitted<ImageHeader>, MediaError> {
    let (path, bytes, file) = open(path, limits.image_bytes)?;
    let found = image_header::read(file)?;
    within(found.size, limits.image_side, limits.image_pixels)?;
    Ok(Admitted { path, bytes, found })
}

fn open(path: &Path, most_bytes: u64) -> Result<(PathBuf, u64, File), MediaError> {
    let path = std::path::absolute(path).map_err(MediaError::files("find the source"))?;
    let file = File::open(&path).map_err(MediaError::files("open the source"))?;
    let metadata = file
        .metadata()
        .map_err(MediaError::files("measure the source"))?;
    match metadata.len() {
        0 => Err(MediaError::Truncated),
        actual if actual > most_bytes => Err(MediaError::TooLarge {
            actual,
            limit: most_bytes,
        }),
        bytes => Ok((path, bytes, file)),
    }
}

/// What ffprobe is asked about a video.
pub(crate) fn video_arguments(source: &Admitted<()>, limits: &Limits) -> Vec<OsString> {
    const ENTRIES: &str = "format=duration:stream=index,codec_type,codec_name,profile,level,width,height,\
        pix_fmt,sample_aspect_ratio,avg_frame_rate,duration,bit_rate,start_time,color_range,color_space,color_transfer,\
        field_order,channels,sample_rate:stream_disposition=attached_pic:stream_side_data=displaymatrix:\
        packet=stream_index,pts_time";
    // Enough for each track to have its turn: cameras write a second of one and then a second of the other.
    const FIRST_PACKETS: &str = "%+#100";
    arguments(
        "mov",
        VIDEO_DECODERS,
        limits.video_pixels,
        &["-read_intervals", FIRST_PACKETS, "-show_entries", ENTRIES],
        &source.path,
    )
}

/// What ffprobe is asked about an image: also its first frame, which carries the turn that cameras store in Exif.
pub(crate) fn image_arguments(source: &Admitted<ImageHeader>, limits: &Limits) -> Vec<OsString> {
    const ENTRIES: &str = "stream=index,codec_type,codec_name,width,height,pix_fmt:\
        frame=pix_fmt:frame_side_data=displaymatrix";
    arguments(
        source.found.format.demuxer(),
        IMAGE_DECODERS,
        limits.image_pixels,
        &["-read_intervals", "%+#1", "-show_entries", ENTRIES],
        &source.path,
    )
}

fn arguments(
    demuxer: &str,
    decoders: &str,
    pixels: u64,
    questions: &[&str],
    path: &Path,
) -> Vec<OsString> {
    let pixels = pixels.to_string();
    let mut arguments: Vec<OsString> =
        ["-hide_banner", "-loglevel", "level+error", "-threads", "1"]
            .into_iter()
            .chain(["-protocol_whitelist", "file", "-codec_whitelist", decoders])
            .chain(closed(demuxer).iter().copied())
            .chain([
                "-max_pixels",
                &pixels,
                "-f",
                demuxer,
                "-of",
                "json=compact=1",
            ])
            .chain(questions.iter().copied())
            .chain(["-i"])
            .map(OsString::from)
            .collect();
    arguments.push(file_url(path));
    arguments
}

/// What the demuxer `name` is told, so that a file leads to no other: references are off by themselves, and stay off.
pub(crate) fn closed(name: &str) -> &'static [&'static str] {
    if name == "mov" {
        &["-enable_drefs", "0", "-use_absolute_path", "0"]
    } else {
        &[]
    }
}

/// A path as ffmpeg takes it literally: without the prefix, a name with a colon would be a protocol.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// Reads ffprobe's answer about a video.
pub(crate) fn read_video(
    source: Admitted<()>,
    answer: &[u8],
    limits: &Limits,
) -> Result<VideoProbe, MediaError> {
    let answer = Answer::parse(answer)?;
    if answer.streams.len() > limits.streams {
        return Err(MediaError::TooManyStreams);
    }
    let stream = answer
        .streams
        .iter()
        .find(|stream| stream.is_video())
        .ok_or(MediaError::NotAVideo)?;
    let video = video_track(stream, &answer, limits)?;
    let duration = [&stream.duration, &answer.format.duration]
        .into_iter()
        .find_map(|seconds| positive_seconds(seconds.as_deref()))
        .ok_or(MediaError::NoDuration)?;
    if duration > limits.source_duration {
        return Err(MediaError::TooLong {
            actual: duration,
            limit: limits.reel_duration,
        });
    }
    let audio = answer
        .streams
        .iter()
        .find_map(|stream| audio_track(stream, &answer));
    Ok(VideoProbe {
        path: source.path,
        bytes: source.bytes,
        duration,
        video,
        audio,
    })
}

fn video_track(
    stream: &Stream,
    answer: &Answer,
    limits: &Limits,
) -> Result<VideoTrack, MediaError> {
    let codec = stream
        .codec_name
        .clone()
        .unwrap_or_else(|| "unknown".to_owned());
    if !VIDEO_CODECS.contains(&codec.as_str()) {
        return Err(MediaError::Unsupported { what: codec });
    }
    let size = Size::new(stream.width, stream.height);
    within(size, limits.video_side, limits.video_pixels)?;
    Ok(VideoTrack {
        index: stream.index,
        codec,
        profile: stream.profile.clone().unwrap_or_default(),
        level: stream.level,
        frame: Frame {
            coded: size,
            pixel_aspect: stream.pixel_aspect(),
            orientation: turn(&stream.side_data_list),
        },
        rate: stream.rate(),
        pixel_format: stream.pix_fmt.clone().unwrap_or_default(),
        range: stream.range(),
        matrix: Matrix::named(stream.color_space.as_deref(), size),
        transfer: Transfer::named(stream.color_transfer.as_deref()),
        bits_per_second: stream.bits_per_second(),
        starts_at_zero: stream.starts_at_zero() && !answer.has_lead_in(stream),
        progressive: matches!(
            stream.field_order.as_deref(),
            None | Some("progressive" | "unknown")
        ),
    })
}

fn audio_track(stream: &Stream, answer: &Answer) -> Option<AudioTrack> {
    let codec = stream.codec_name.clone()?;
    (stream.codec_type.as_deref() == Some("audio")
        && AUDIO_CODECS.contains(&codec.as_str())
        && stream.channels > 0)
        .then(|| AudioTrack {
            index: stream.index,
            codec,
            profile: stream.profile.clone().unwrap_or_default(),
            channels: stream.channels,
            samples_per_second: stream.samples_per_second(),
            bits_per_second: stream.bits_per_second(),
            has_lead_in: answer.has_lead_in(stream),
            ends: stream.ends(),
        })
}

/// Reads ffprobe's answer about an image.
pub(crate) fn read_image(
    source: Admitted<ImageHeader>,
    answer: &[u8],
    limits: &Limits,
) -> Result<ImageProbe, MediaError> {
    let answer = Answer::parse(answer)?;
    let (Some(stream), Some(frame)) = (answer.streams.first(), answer.frames.first()) else {
        return Err(MediaError::Damaged {
            log: "no frame".to_owned(),
        });
    };
    let size = Size::new(stream.width, stream.height);
    within(size, limits.image_side, limits.image_pixels)?;
    let pixel_format = frame.pix_fmt.as_deref().unwrap_or_default();
    Ok(ImageProbe {
        path: source.path,
        bytes: source.bytes,
        format: source.found.format,
        frame: Frame {
            coded: size,
            pixel_aspect: (1, 1),
            orientation: turn(&frame.side_data_list),
        },
        has_alpha: [
            "rgba", "bgra", "argb", "abgr", "ya", "yuva", "gbrap", "pal8",
        ]
        .iter()
        .any(|with_alpha| pixel_format.starts_with(with_alpha)),
    })
}

fn turn(side_data: &[answer::SideData]) -> Orientation {
    side_data
        .iter()
        .find_map(answer::SideData::matrix)
        .map(Orientation::from_matrix)
        .unwrap_or_default()
}

/// A duration that is a positive, finite number of seconds.
fn positive_seconds(text: Option<&str>) -> Option<Duration> {
    let seconds = Duration::try_from_secs_f64(text?.parse().ok()?).ok()?;
    (!seconds.is_zero()).then_some(seconds)
}

/// Holds a size against its limits. One pixel has no chroma, and nothing to show.
fn within(size: Size, longest: u32, pixels: u64) -> Result<(), MediaError> {
    if size.width.max(size.height) > longest || size.pixels() > pixels {
        return Err(MediaError::TooManyPixels {
            width: size.width.into(),
            height: size.height.into(),
        });
    }
    if size.width.min(size.height) < 2 {
        return Err(MediaError::Unsupported {
            what: format!("{}x{}", size.width, size.height),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
