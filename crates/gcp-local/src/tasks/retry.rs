//! When a failed task is tried again, and when it is given up.
//!
//! The interval starts at `min_backoff`, doubles `max_doublings` times, then grows linearly by
//! `min_backoff × 2^max_doublings`, and never passes `max_backoff`. A task is given up only when
//! *both* the attempts and the duration are used up; an unset limit of the two does not hold it
//! back, and with neither set the retention of the service ends it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a task may live at all; Google keeps none for longer.
pub(crate) const RETENTION: Duration = Duration::from_hours(31 * 24);

/// The wait before an attempt is repeated whose outcome could not be kept on disk: long enough not
/// to hammer a full disk.
pub(crate) const UNKEPT_DELAY: Duration = Duration::from_secs(5);

/// A retry configuration with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetryPolicy {
    /// Attempts including the first; `None` is unlimited (−1 on the wire).
    pub(crate) max_attempts: Option<u32>,
    /// Time since the first attempt; `None` is unlimited (0 on the wire).
    pub(crate) max_retry_duration: Option<Duration>,
    /// The first interval.
    pub(crate) min_backoff: Duration,
    /// The longest interval.
    pub(crate) max_backoff: Duration,
    /// How often the interval doubles before it grows linearly.
    pub(crate) max_doublings: u32,
}

impl Default for RetryPolicy {
    /// The values Cloud Tasks picks for a queue that names none.
    fn default() -> Self {
        Self {
            max_attempts: Some(100),
            max_retry_duration: None,
            min_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_hours(1),
            max_doublings: 16,
        }
    }
}

impl RetryPolicy {
    /// The wait after the `failures`-th failed attempt (counted from one); never past the retention.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let retry = failures.saturating_sub(1);
        let doublings = retry.min(self.max_doublings);
        let linear_steps = retry.saturating_sub(self.max_doublings).saturating_add(1);
        self.min_backoff
            .saturating_mul(2_u32.saturating_pow(doublings))
            .saturating_mul(linear_steps)
            .min(self.max_backoff)
            .min(RETENTION)
    }

    /// Whether a task that has failed is to be dropped.
    pub(crate) fn is_spent(&self, attempts: u32, since_first: Duration, age: Duration) -> bool {
        if age >= RETENTION {
            return true;
        }
        match (self.max_attempts, self.max_retry_duration) {
            (None, None) => false,
            (Some(most), None) => attempts >= most,
            (None, Some(longest)) => since_first >= longest,
            (Some(most), Some(longest)) => attempts >= most && since_first >= longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn seconds(policy: &RetryPolicy, failures: std::ops::RangeInclusive<u32>) -> Vec<u64> {
        failures
            .map(|failure| policy.delay(failure).as_secs())
            .collect()
    }

    #[test]
    fn the_documented_example_is_reproduced() {
        let policy = RetryPolicy {
            min_backoff: Duration::from_secs(10),
            max_backoff: Duration::from_mins(5),
            max_doublings: 3,
            ..RetryPolicy::default()
        };
        assert_eq!(
            seconds(&policy, 1..=8),
            [10, 20, 40, 80, 160, 240, 300, 300]
        );
    }

    #[test]
    fn without_doublings_the_interval_grows_linearly() {
        let policy = RetryPolicy {
            min_backoff: Duration::from_secs(5),
            max_doublings: 0,
            ..RetryPolicy::default()
        };
        assert_eq!(seconds(&policy, 1..=4), [5, 10, 15, 20]);
    }

    #[test]
    fn a_task_is_spent_only_when_every_set_limit_is_used_up() {
        let policy = |attempts, duration| RetryPolicy {
            max_attempts: attempts,
            max_retry_duration: duration,
            ..RetryPolicy::default()
        };
        let cases = [
            (policy(Some(3), None), 2, Duration::ZERO, false),
            (policy(Some(3), None), 3, Duration::ZERO, true),
            (policy(Some(3), Some(MINUTE)), 3, Duration::ZERO, false),
            (policy(Some(3), Some(MINUTE)), 2, MINUTE, false),
            (policy(Some(3), Some(MINUTE)), 3, MINUTE, true),
            (policy(None, Some(MINUTE)), 1, MINUTE, true),
            (policy(None, None), u32::MAX, MINUTE, false),
        ];
        for (policy, attempts, since_first, spent) in cases {
            assert_eq!(
                policy.is_spent(attempts, since_first, since_first),
                spent,
                "{policy:?} {attempts}"
            );
        }
        assert!(policy(None, None).is_spent(1, Duration::ZERO, RETENTION));
    }

    proptest! {
        #[test]
        fn intervals_never_shrink_and_never_pass_the_maximum(
            min_ms in 0_u64..100_000, max_s in 0_u64..100_000, doublings in 0_u32..64, failures in 1_u32..10_000,
        ) {
            let policy = RetryPolicy {
                min_backoff: Duration::from_millis(min_ms),
                max_backoff: Duration::from_secs(max_s),
                max_doublings: doublings,
                ..RetryPolicy::default()
            };
            prop_assert!(policy.delay(failures) <= policy.delay(failures + 1));
            prop_assert!(policy.delay(failures) <= policy.max_backoff);
        }
    }
}
