//! How often a vendor is asked: a fixed interval between requests, a bounded queue before it, and a rest after failures.
//!
//! Each request takes the next free moment. Whoever would wait longer than is sensible is told so at once. After failures
//! in a row, or when the vendor asks for a pause, everybody is, so that a dead vendor costs nobody a wait.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Failures in a row that ask for a rest: one is a hiccup, three are a state.
const FAILURES_TO_REST: u32 = 3;
/// The first rest; it doubles with each failure after it.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest rest: recovery is noticed within this time.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// There is no free moment soon, or the vendor rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    /// How far away the next moment is.
    pub(crate) retry_after: Duration,
}

/// The moments at which one vendor may be asked.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Instant,
    resting_until: Instant,
    failures: u32,
}

impl Pace {
    /// One request an `interval`; nobody waits longer than `patience`, so at most `patience / interval` wait at a time.
    pub(crate) fn new(interval: Duration, patience: Duration) -> Self {
        let now = Instant::now();
        Self {
            interval,
            patience,
            state: Mutex::new(State {
                next: now,
                resting_until: now,
                failures: 0,
            }),
        }
    }

    /// Returns when it is the caller's turn.
    pub(crate) async fn turn(&self) -> Result<(), Busy> {
        let turn = self.reserve(Instant::now())?;
        sleep_until(turn).await;
        Ok(())
    }

    /// The vendor does its work.
    pub(crate) fn worked(&self) {
        self.held().failures = 0;
    }

    /// The vendor failed for a reason that the next request would meet too.
    pub(crate) fn failed(&self, retry_after: Option<Duration>) {
        self.rest(Instant::now(), retry_after);
    }

    fn reserve(&self, now: Instant) -> Result<Instant, Busy> {
        let mut state = self.held();
        if state.resting_until > now {
            return Err(Busy {
                retry_after: state.resting_until - now,
            });
        }
        let turn = state.next.max(now);
        let wait = turn - now;
        if wait > self.patience {
            return Err(Busy { retry_after: wait });
        }
        state.next = turn + self.interval;
        Ok(turn)
    }

    fn rest(&self, now: Instant, retry_after: Option<Duration>) {
        let mut state = self.held();
        state.failures = state.failures.saturating_add(1);
        let own = state
            .failures
            .checked_sub(FAILURES_TO_REST)
            .map_or(Duration::ZERO, |further| {
                FIRST_REST.saturating_mul(2_u32.saturating_pow(further))
            });
        let rest = own.max(retry_after.unwrap_or_default()).min(LONGEST_REST);
        state.resting_until = state.resting_until.max(now + rest);
    }

    fn held(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> (Pace, Instant) {
        (Pace::new(SECOND, 3 * SECOND), Instant::now())
    }

    #[test]
    fn turns_are_an_interval_apart_and_the_queue_has_an_end() {
        let (pace, now) = pace();
        let now = now + SECOND;
        for place in 0..4 {
            assert_eq!(pace.reserve(now), Ok(now + place * SECOND));
        }
        assert_eq!(
            pace.reserve(now),
            Err(Busy {
                retry_after: 4 * SECOND
            })
        );
        // Time passes, and the queue moves on.
        assert_eq!(pace.reserve(now + SECOND), Ok(now + 4 * SECOND));
        assert_eq!(pace.reserve(now + 60 * SECOND), Ok(now + 60 * SECOND));
    }

    #[test]
    fn only_failures_in_a_row_ask_for_a_rest() {
        let (pace, now) = pace();
        let now = now + SECOND;
        for _ in 0..10 {
            pace.rest(now, None);
            pace.rest(now, None);
            pace.worked();
        }
        assert_eq!(pace.reserve(now), Ok(now));
    }

    #[test]
    fn rests_get_longer_but_never_endless() {
        let (pace, now) = pace();
        let mut now = now + SECOND;
        let mut rests = Vec::new();
        for _ in 0..8 {
            pace.rest(now, None);
            let next = pace.held().resting_until;
            rests.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(rests, [0, 0, 2, 4, 8, 16, 32, 60]);
    }

    #[test]
    fn a_pause_that_the_vendor_asks_for_is_kept_at_once() {
        let (pace, now) = pace();
        pace.rest(now, Some(10 * SECOND));
        assert_eq!(
            pace.reserve(now),
            Err(Busy {
                retry_after: 10 * SECOND
            })
        );
        assert_eq!(pace.reserve(now + 10 * SECOND), Ok(now + 10 * SECOND));
        pace.rest(now + 10 * SECOND, Some(7200 * SECOND));
        assert!(
            pace.reserve(now + 70 * SECOND).is_ok(),
            "an hour is not waited for"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_comes_when_it_is_due() {
        let pace = Pace::new(SECOND, 3 * SECOND);
        let began = Instant::now();
        for _ in 0..3 {
            pace.turn().await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 2);
    }
}
