//! How far a render is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ffmpeg_sidecar::{event::FfmpegProgress, log_parser::parse_time_str};

/// Turns ffmpeg's progress lines into rising percents, and remembers how many frames were written.
pub(crate) struct Meter<F> {
    window: Duration,
    reached: u8,
    frames: Arc<AtomicU64>,
    on_percent: F,
}

impl<F: FnMut(u8) + Send + 'static> Meter<F> {
    /// A meter of a window, and where the number of frames can be read.
    pub(crate) fn new(window: Duration, on_percent: F) -> (Self, Arc<AtomicU64>) {
        let frames = Arc::new(AtomicU64::new(0));
        let meter = Self {
            window,
            reached: 0,
            frames: Arc::clone(&frames),
            on_percent,
        };
        (meter, frames)
    }

    pub(crate) fn into_callback(mut self) -> impl FnMut(&FfmpegProgress) + Send + 'static {
        move |progress| {
            self.frames
                .store(u64::from(progress.frame), Ordering::Relaxed);
            let percent = percent_of(&progress.time, self.window);
            if percent > self.reached {
                self.reached = percent;
                (self.on_percent)(percent);
            }
        }
    }
}

fn percent_of(time: &str, window: Duration) -> u8 {
    let done = parse_time_str(time).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let percent = done.unwrap_or_default().as_micros() * 100 / window.as_micros().max(1);
    u8::try_from(percent).unwrap_or(u8::MAX).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_rise_and_stay_within_a_hundred() {
        let window = Duration::from_secs(4);
        assert_eq!(percent_of("00:00:01.00", window), 25);
        assert_eq!(percent_of("00:00:09.00", window), 100);
        assert_eq!(percent_of("N/A", window), 0);
        assert_eq!(percent_of("-577014:32:22.77", window), 0);
        assert_eq!(percent_of("00:00:01.00", Duration::ZERO), 100);
    }
}
