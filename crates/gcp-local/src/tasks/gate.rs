//! How fast a queue may dispatch: a token bucket, slowed while its target says "too much".
//!
//! The bucket refills at `maxDispatchesPerSecond` and holds one second's worth. An answer of 429
//! or 503 halves the effective rate, any other answer lets it recover; the configured rate stays
//! what it is. Waiting is the caller's part: a full answer here is a duration, not a sleep.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The slowest a struggling target is served, as a share of the configured rate: slow enough to
/// matter, fast enough to notice that it is well again.
const FLOOR: f64 = 1.0 / 16.0;
/// What an overload does to the effective rate.
const SLOW_DOWN: f64 = 0.5;
/// What an answer that is no overload does to it.
const SPEED_UP: f64 = 1.5;

/// The token bucket of one queue.
#[derive(Debug)]
pub(crate) struct Gate {
    per_second: f64,
    share: f64,
    tokens: f64,
    refilled: DateTime<Utc>,
}

impl Gate {
    /// A full bucket.
    pub(crate) fn new(per_second: f64, now: DateTime<Utc>) -> Self {
        let mut gate = Self {
            per_second,
            share: 1.0,
            tokens: 0.0,
            refilled: now,
        };
        gate.tokens = gate.capacity();
        gate
    }

    /// Changes the configured rate; what is in the bucket stays, up to its new size.
    pub(crate) fn set_rate(&mut self, per_second: f64, now: DateTime<Utc>) {
        self.refill(now);
        self.per_second = per_second;
        self.tokens = self.tokens.min(self.capacity());
    }

    /// Takes one dispatch, or says how long until there is one.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Result<(), Duration> {
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / self.effective();
        // A microsecond more than the quotient, so that its rounding costs no second wake-up.
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Err(wait.saturating_add(Duration::from_micros(1)))
    }

    /// The target answered 429 or 503.
    pub(crate) fn overloaded(&mut self, now: DateTime<Utc>) {
        self.refill(now);
        self.share = (self.share * SLOW_DOWN).max(FLOOR);
        self.tokens = self.tokens.min(self.capacity());
    }

    /// The target answered anything else.
    pub(crate) fn answered(&mut self, now: DateTime<Utc>) {
        if self.share < 1.0 {
            self.refill(now);
            self.share = (self.share * SPEED_UP).min(1.0);
        }
    }

    fn refill(&mut self, now: DateTime<Utc>) {
        // A clock that stepped back refills nothing; it must not drain the bucket either.
        let elapsed = (now - self.refilled).to_std().unwrap_or_default();
        self.refilled = now;
        self.tokens = (self.tokens + elapsed.as_secs_f64() * self.effective()).min(self.capacity());
    }

    fn effective(&self) -> f64 {
        self.per_second * self.share
    }

    fn capacity(&self) -> f64 {
        self.effective().ceil().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + milliseconds).unwrap()
    }

    fn drain(gate: &mut Gate, now: DateTime<Utc>) -> usize {
        std::iter::from_fn(|| gate.take(now).ok())
            .take(10_000)
            .count()
    }

    #[test]
    fn a_burst_of_one_second_passes_and_then_the_rate_holds() {
        let mut gate = Gate::new(5.0, at(0));
        assert_eq!(drain(&mut gate, at(0)), 5);
        assert_eq!(gate.take(at(0)), Err(Duration::from_micros(200_001)));
        assert_eq!(drain(&mut gate, at(400)), 2);
        assert_eq!(
            drain(&mut gate, at(60_000)),
            5,
            "an idle bucket holds no more than its burst"
        );
    }

    #[test]
    fn a_rate_below_one_still_lets_single_tasks_through() {
        let mut gate = Gate::new(0.5, at(0));
        assert_eq!(drain(&mut gate, at(0)), 1);
        assert_eq!(gate.take(at(0)), Err(Duration::from_micros(2_000_001)));
        assert_eq!(drain(&mut gate, at(2_001)), 1);
    }

    #[test]
    fn overload_halves_the_rate_down_to_a_floor_and_other_answers_bring_it_back() {
        let mut gate = Gate::new(16.0, at(0));
        for _ in 0..10 {
            gate.overloaded(at(0));
        }
        assert_eq!(drain(&mut gate, at(0)), 1);
        assert_eq!(
            gate.take(at(0)),
            Err(Duration::from_micros(1_000_001)),
            "16/s at the floor is 1/s"
        );
        for _ in 0..7 {
            gate.answered(at(0));
        }
        drain(&mut gate, at(10_000));
        assert_eq!(gate.take(at(10_000)), Err(Duration::from_micros(62_501)));
    }

    #[test]
    fn a_clock_that_steps_back_drains_nothing() {
        let mut gate = Gate::new(2.0, at(10_000));
        assert_eq!(drain(&mut gate, at(0)), 2);
    }
}
