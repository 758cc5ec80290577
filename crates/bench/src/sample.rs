//! Times of many repetitions, and how to say them.

use std::{fmt, time::Duration};

/// Repetitions of one thing, at least one.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    sorted: Vec<Duration>,
}

impl Sample {
    /// `None` when nothing was measured.
    pub(crate) fn new(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        (!times.is_empty()).then_some(Self { sorted: times })
    }

    /// The time that `percent` of the repetitions did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let place = (self.sorted.len() * percent).div_ceil(100);
        let found = self.sorted.get(place.saturating_sub(1));
        found.or(self.sorted.last()).copied().unwrap_or_default()
    }

    /// The middle one.
    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The longest.
    pub(crate) fn max(&self) -> Duration {
        self.percentile(100)
    }
}

/// A duration as people compare them: in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_secs_f64() * 1e3;
        if millis < 10.0 {
            write!(f, "{millis:.2} ms")
        } else {
            write!(f, "{millis:.0} ms")
        }
    }
}

/// How often a second `count` things happened in `elapsed`.
pub(crate) fn rate(count: usize, elapsed: Duration) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from) / elapsed.as_secs_f64()
}

/// Megabytes a second, in the decimal megabytes that disks are sold in.
pub(crate) fn megabytes_per_second(bytes: usize, elapsed: Duration) -> f64 {
    rate(bytes, elapsed) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let millis = |count: u64| (1..=count).rev().map(Duration::from_millis).collect();
        let hundred = Sample::new(millis(100)).unwrap();
        assert_eq!(hundred.median(), Duration::from_millis(50));
        assert_eq!(hundred.percentile(99), Duration::from_millis(99));
        assert_eq!(hundred.max(), Duration::from_millis(100));
        let one = Sample::new(millis(1)).unwrap();
        assert_eq!(one.percentile(1), one.max());
        assert!(Sample::new(Vec::new()).is_none());
    }
}
