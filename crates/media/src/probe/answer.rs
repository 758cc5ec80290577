//! ffprobe's answer, read without trust: numbers may be missing, "N/A", `0/0` or `nan`.

use std::time::Duration;

use serde::Deserialize;

use super::Rate;
use crate::{colour::Range, error::MediaError};

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) streams: Vec<Stream>,
    #[serde(default)]
    pub(super) frames: Vec<FirstFrame>,
    #[serde(default)]
    packets: Vec<Packet>,
    #[serde(default)]
    pub(super) format: Format,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Format {
    pub(super) duration: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Packet {
    stream_index: usize,
    pts_time: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FirstFrame {
    pub(super) pix_fmt: Option<String>,
    #[serde(default)]
    pub(super) side_data_list: Vec<SideData>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SideData {
    displaymatrix: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Stream {
    pub(super) index: usize,
    pub(super) codec_type: Option<String>,
    pub(super) codec_name: Option<String>,
    pub(super) profile: Option<String>,
    #[serde(default)]
    pub(super) level: i64,
    #[serde(default)]
    pub(super) width: u32,
    #[serde(default)]
    pub(super) height: u32,
    pub(super) pix_fmt: Option<String>,
    sample_aspect_ratio: Option<String>,
    avg_frame_rate: Option<String>,
    pub(super) duration: Option<String>,
    bit_rate: Option<String>,
    start_time: Option<String>,
    color_range: Option<String>,
    pub(super) color_space: Option<String>,
    pub(super) color_transfer: Option<String>,
    pub(super) field_order: Option<String>,
    #[serde(default)]
    pub(super) channels: u32,
    sample_rate: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    pub(super) side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

/// Pixels stretched further than this are a broken file, not a lens.
const WIDEST_PIXEL: u64 = 8;
/// A track that starts later than this is not copied but laid out anew.
const START_SLACK_SECONDS: f64 = 0.05;

/// Sound encoders need this much of a lead-in for themselves.
const LEAD_IN_SLACK_SECONDS: f64 = 0.1;

impl Answer {
    /// Whether the track begins before the moment at which it is first shown or heard, as what was cut from another file
    /// without being encoded again does. A track that is not among the first packets cannot be judged: it may.
    pub(super) fn has_lead_in(&self, stream: &Stream) -> bool {
        let slack = if stream.codec_type.as_deref() == Some("audio") {
            LEAD_IN_SLACK_SECONDS
        } else {
            0.001
        };
        let first = self
            .packets
            .iter()
            .find(|packet| packet.stream_index == stream.index)
            .and_then(|packet| seconds(packet.pts_time.as_deref()));
        first.is_none_or(|first| first < -slack)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MediaError> {
        serde_json::from_slice(bytes).map_err(|error| MediaError::Tool {
            problem: format!("ffprobe's answer: {error}"),
        })
    }
}

impl Stream {
    /// A picture track; a cover image is none.
    pub(super) fn is_video(&self) -> bool {
        self.codec_type.as_deref() == Some("video") && self.disposition.attached_pic == 0
    }

    pub(super) fn pixel_aspect(&self) -> (u32, u32) {
        let ratio = self
            .sample_aspect_ratio
            .as_deref()
            .and_then(|text| fraction(text, ':'));
        let sensible = |(wide, high): &(u64, u64)| {
            *wide > 0 && *high > 0 && wide / high < WIDEST_PIXEL && high / wide < WIDEST_PIXEL
        };
        ratio
            .filter(sensible)
            .and_then(|(wide, high)| Some((u32::try_from(wide).ok()?, u32::try_from(high).ok()?)))
            .unwrap_or((1, 1))
    }

    /// Video is limited unless it says otherwise, in its colour description or in its format's name.
    pub(super) fn range(&self) -> Range {
        let is_jpeg_like = self
            .pix_fmt
            .as_deref()
            .is_some_and(|format| format.starts_with("yuvj"));
        if is_jpeg_like || self.color_range.as_deref() == Some("pc") {
            Range::Full
        } else {
            Range::Limited
        }
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        let (frames, seconds) = fraction(self.avg_frame_rate.as_deref()?, '/')?;
        (frames > 0 && seconds > 0).then_some(Rate { frames, seconds })
    }

    pub(super) fn bits_per_second(&self) -> Option<u64> {
        self.bit_rate.as_deref()?.parse().ok()
    }

    pub(super) fn samples_per_second(&self) -> u32 {
        self.sample_rate
            .as_deref()
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    pub(super) fn starts_at_zero(&self) -> bool {
        let start = seconds(self.start_time.as_deref());
        start.is_none_or(|seconds| seconds.abs() < START_SLACK_SECONDS)
    }

    pub(super) fn ends(&self) -> Option<Duration> {
        let start = seconds(self.start_time.as_deref()).unwrap_or_default();
        let ends = start + seconds(self.duration.as_deref())?;
        Duration::try_from_secs_f64(ends).ok()
    }
}

impl SideData {
    /// The turning part of a display matrix, which ffprobe prints as three numbered rows of three.
    pub(super) fn matrix(&self) -> Option<[i64; 4]> {
        let rows = self
            .displaymatrix
            .as_deref()?
            .lines()
            .filter_map(|row| row.split_once(':'));
        let mut cells = rows
            .flat_map(|(_, row)| row.split_whitespace())
            .map(|cell| cell.parse::<i64>().ok());
        let mut next = || cells.next().flatten();
        let (a, b, _) = (next()?, next()?, next()?);
        let (c, d) = (next()?, next()?);
        Some([a, b, c, d])
    }
}

fn seconds(text: Option<&str>) -> Option<f64> {
    text?.parse().ok()
}

fn fraction(text: &str, sign: char) -> Option<(u64, u64)> {
    let (above, below) = text.split_once(sign)?;
    Some((above.parse().ok()?, below.parse().ok()?))
}
