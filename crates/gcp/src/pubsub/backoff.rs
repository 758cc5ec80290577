//! Pauses between attempts to reach Pub/Sub again.

use std::time::Duration;

/// A dropped connection is usually back at once.
const FIRST: Duration = Duration::from_millis(200);

/// Nobody is told anything while we pause, so pauses stay short even in a long outage.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from [`FIRST`] to [`LONGEST`], each pause shortened at random by up to half, so that
/// instances that lost the same server do not come back as one.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_start_over_after_success() {
        let mut backoff = Backoff::new();
        let first = backoff.pause();
        assert!(first >= FIRST / 2 && first <= FIRST);
        for _ in 0..10 {
            assert!(backoff.pause() <= LONGEST);
        }
        assert!(backoff.pause() >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
    }
}
