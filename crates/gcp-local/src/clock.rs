//! The time every service goes by. It is the machine's, plus an offset that embedders may move
//! forward, so that a lease, a retry or a one-day expiry can be tested without waiting for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// The longest nap before the time is looked at again. Timers stand still while the machine is
/// suspended, and do not hear of a wall clock that is set.
const NAP: Duration = Duration::from_secs(30);

/// Wall-clock time that can be stepped forward. Clones share the offset.
#[derive(Clone, Debug)]
pub struct Clock {
    offset: Arc<watch::Sender<TimeDelta>>,
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self {
            offset: Arc::new(watch::Sender::new(TimeDelta::zero())),
        }
    }

    /// The present, as all services of this server see it.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock the rest goes by"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.offset.borrow()
    }

    /// Moves this server's time forward and wakes whatever became due.
    pub fn advance(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        self.offset
            .send_modify(|offset| *offset = offset.checked_add(&by).unwrap_or(*offset));
    }

    /// Waits until `due`, or for ever when there is nothing to wait for.
    pub(crate) async fn sleep_until(&self, due: Option<DateTime<Utc>>) {
        let Some(due) = due else {
            return std::future::pending().await;
        };
        let mut steps = self.offset.subscribe();
        loop {
            let left = (due - self.now()).to_std().unwrap_or(Duration::ZERO);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(NAP)) => {}
                // `self` holds the sender, so the channel cannot close while we wait.
                _ = steps.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_time_that_jumps_unheard_is_noticed_within_a_nap() {
        let clock = Clock::system();
        let due = clock.now() + TimeDelta::hours(2);
        let began = tokio::time::Instant::now();
        let jump = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // As a machine that wakes up: the time is another, and nobody was told.
            clock.offset.send_if_modified(|offset| {
                *offset += TimeDelta::hours(2);
                false
            });
        };
        tokio::join!(clock.sleep_until(Some(due)), jump);
        assert!(began.elapsed() <= NAP);
    }
}
