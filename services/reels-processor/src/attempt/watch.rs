//! The half of an attempt that does not work: it keeps the lease, writes the progress down, and says when to stop.

use std::{fmt, time::Duration};

use avvivo_app::{
    AppError, Deps,
    rendering::{Assignment, LeaseLost, keep_lease},
};
use avvivo_domain::reels::render::LEASE_TTL;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::progress::{Reached, Throttle};

/// How long an attempt may take in all. The queue gives up waiting after thirty minutes and sends the task again; by then
/// this attempt has ended and said why.
pub(super) const ATTEMPT_LIMIT: Duration = Duration::from_mins(25);

/// Why the watch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The work is done, well or badly.
    Finished,
    /// The lease is somebody else's, or the reel was hidden.
    LeaseLost,
    /// The process is going away.
    Stopping,
    /// It takes too long.
    Overdue,
}

/// What the watch listens to.
pub(super) struct Watch<'a> {
    pub(super) deps: &'a Deps,
    pub(super) assignment: &'a Assignment,
    pub(super) reached: watch::Receiver<Reached>,
    /// Fires when the work is done.
    pub(super) finished: &'a CancellationToken,
    /// Fires when the process is going away.
    pub(super) stopping: &'a CancellationToken,
}

impl Watch<'_> {
    /// Watches until the work is done or has to stop.
    pub(super) async fn run(mut self) -> Verdict {
        let began = Instant::now();
        let beat = LEASE_TTL.to_std().unwrap_or_default() / 3;
        let mut heartbeat = interval_at(began + beat, beat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut throttle = Throttle::default();
        loop {
            let held = tokio::select! {
                // A result that is there counts, whatever else happened meanwhile.
                biased;
                () = self.finished.cancelled() => return Verdict::Finished,
                // The platform kills us soon: the reel is better given back than left to its lease.
                () = self.stopping.cancelled() => return Verdict::Stopping,
                // A file that keeps every step within its own limit could still keep the queue waiting.
                () = sleep_until(began + ATTEMPT_LIMIT) => return Verdict::Overdue,
                // Without it a long download or encode would outlive its lease.
                _ = heartbeat.tick() => {
                    keep_lease::renew(self.deps, self.assignment).await
                }
                // The shop sees how far it is, and we see soonest that the reel is no longer wanted.
                Ok(()) = self.reached.changed() => {
                    let reached = *self.reached.borrow_and_update();
                    if !throttle.admits(reached, Instant::now()) {
                        continue;
                    }
                    keep_lease::report_progress(self.deps, self.assignment, reached.stage, reached.percent).await
                }
            };
            if let Some(verdict) = judge(held) {
                return verdict;
            }
        }
    }
}

/// A database that is away takes nobody's lease: the next beat tries again, and whatever is written names the lease.
fn judge(held: Result<Result<(), LeaseLost>, AppError>) -> Option<Verdict> {
    match held {
        Ok(Ok(())) => None,
        Ok(Err(LeaseLost)) => Some(Verdict::LeaseLost),
        Err(error) => {
            tracing::warn!(%error, "the lease could not be renewed");
            None
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::LeaseLost => "the lease is lost",
            Self::Stopping => "the process is going away",
            Self::Overdue => "it takes too long",
        })
    }
}
