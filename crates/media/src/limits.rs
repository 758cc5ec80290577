//! How much one file may cost us. Every number has its reason here.
//!
//! Three layers keep a hostile file cheap: what a probe reads is refused before any decoding, the decoders are told
//! the same bounds, and the kernel ends a process that breaks them anyway.

use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// The bounds of one probe or render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest source video. 100 MiB is what clients are told; 17 s of a phone's 4K stay below it.
    pub video_bytes: u64,
    /// Largest photo or overlay. A 48-megapixel JPEG of a phone is about 15 MiB.
    pub image_bytes: u64,
    /// Longest published reel, and so the longest source that comes without a trim.
    pub reel_duration: Duration,
    /// Longest source with a trim: more than 100 MiB of any sensible video, so only freaks are refused.
    pub source_duration: Duration,
    /// Most streams in a video. Phones write up to eight, counting their sensors' data.
    pub streams: usize,
    /// Longest side of a video: cinema 4K.
    pub video_side: u32,
    /// Most pixels of a video frame: cinema 4K again, so 4096x4096 is refused.
    pub video_pixels: u64,
    /// Longest side of a photo. Phones of 24 and 48 megapixels pass.
    pub image_side: u32,
    /// Most pixels of a photo, 50 megapixels and the rounding of their sensors; decoded, 16-bit and with alpha,
    /// that is 400 MiB.
    pub image_pixels: u64,
    /// Address space of one process. The heaviest accepted source (4K, 10 bits) needs less than 1 GiB.
    pub memory_bytes: u64,
    /// Largest file a process may write. 17 s at the capped rate are 11 MiB.
    pub output_bytes: u64,
    /// Most bytes of a probe's answer; an honest one is under 4 KiB.
    pub probe_output_bytes: u64,
    /// CPU seconds of a probe, which takes a tenth of a second for honest files.
    pub probe_cpu: Duration,
    /// Wall time of a probe, long enough for a machine that is ten times overloaded.
    pub probe_wall: Duration,
    /// CPU seconds of a render: 17 s of 4K HDR take about 90.
    pub render_cpu: Duration,
    /// Wall time of a render. It ends before a job's lease and deadline do.
    pub render_wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            video_bytes: 100 * MIB,
            image_bytes: 25 * MIB,
            reel_duration: Duration::from_secs(17),
            source_duration: Duration::from_mins(10),
            streams: 12,
            video_side: 4096,
            video_pixels: 4096 * 2304,
            image_side: 8192,
            image_pixels: 52_000_000,
            memory_bytes: 2048 * MIB,
            output_bytes: 32 * MIB,
            probe_output_bytes: MIB / 4,
            probe_cpu: Duration::from_secs(10),
            probe_wall: Duration::from_secs(30),
            render_cpu: Duration::from_mins(5),
            render_wall: Duration::from_mins(10),
        }
    }
}
