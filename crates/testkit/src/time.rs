//! A clock that tests set.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use avvivo_kernel::{Clock, Timestamp};
use chrono::{DateTime, TimeDelta};

/// Stands still until it is set or advanced. Share it by `Arc`.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `at`, cut to microseconds as every clock here.
    pub fn at(at: Timestamp) -> Self {
        Self {
            micros: AtomicI64::new(at.timestamp_micros()),
        }
    }

    /// A clock that shows a time written as in RFC 3339, such as `2026-03-10T15:00:00Z`.
    pub fn at_text(at: &str) -> Self {
        match at.parse() {
            Ok(at) => Self::at(at),
            Err(error) => panic!("{at:?} is not a time: {error}"),
        }
    }

    /// Shows `at` from now on, earlier or later.
    pub fn set(&self, at: Timestamp) {
        self.micros.store(at.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves on by `step` and shows the new time.
    pub fn advance(&self, step: Duration) -> Timestamp {
        match TimeDelta::from_std(step)
            .ok()
            .and_then(|step| step.num_microseconds())
        {
            Some(micros) => {
                self.micros.fetch_add(micros, Ordering::SeqCst);
                self.now()
            }
            None => panic!("{step:?} is more than a clock can hold"),
        }
    }
}

impl Default for ManualClock {
    /// Noon in Buenos Aires on Tuesday, 10 March 2026: no weekend, no month's end, no midnight nearby.
    fn default() -> Self {
        Self::at_text("2026-03-10T15:00:00Z")
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_told() {
        let clock = ManualClock::default();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        assert_eq!(
            clock.advance(Duration::from_millis(1500)) - before,
            TimeDelta::milliseconds(1500)
        );
        clock.set(before);
        assert_eq!(clock.now(), before);
    }
}
