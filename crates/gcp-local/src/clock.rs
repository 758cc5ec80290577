//! The time every service goes by. It is the machine's, plus an offset that embedders may move
//! forward, so that a lease, a retry or a one-day expiry can be tested without waiting for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

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
                () = tokio::time::sleep(left) => {}
                // `self` holds the sender, so the channel cannot close while we wait.
                _ = steps.changed() => {}
            }
        }
    }
}
