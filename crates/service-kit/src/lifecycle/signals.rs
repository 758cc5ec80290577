//! SIGTERM and SIGINT.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Lifecycle, TaskFailure};

/// What shells show for a process that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Both ways to be asked to leave.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The first signal stops the service, the second calls `leave`.
    pub(super) async fn govern(
        mut self,
        lifecycle: &Lifecycle,
        leave: impl Fn(),
    ) -> Result<(), TaskFailure> {
        let end = lifecycle.run_until_stopped();
        tokio::pin!(end);
        loop {
            tokio::select! {
                outcome = &mut end => return outcome,
                () = self.next() => {
                    if lifecycle.stopping().is_cancelled() {
                        leave();
                    }
                    lifecycle.stop();
                }
            }
        }
    }
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "whoever signals twice wants the process gone, not destructors run"
)]
pub(super) fn leave_now() {
    tracing::warn!("second signal: leaving at once");
    std::process::exit(INTERRUPTED);
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use rustix::process::{Signal, getpid, kill_process};
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// What is left of the drain when the second signal comes; no test waits for it.
    const DRAIN: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn the_first_signal_stops_and_the_second_leaves() {
        let lifecycle = Lifecycle::new(DRAIN);
        lifecycle.set_ready();
        let busy = CancellationToken::new();
        let done = busy.clone();
        lifecycle.spawn("busy", async move { done.cancelled().await });

        let left = Cell::new(false);
        let signals = Signals::listen().unwrap();
        let governed = signals.govern(&lifecycle, || {
            left.set(true);
            busy.cancel();
        });
        let operator = async {
            kill_process(getpid(), Signal::TERM).unwrap();
            lifecycle.stopping().cancelled().await;
            assert!(!left.get() && !lifecycle.readiness().is_ready());
            kill_process(getpid(), Signal::INT).unwrap();
        };
        let (outcome, ()) = tokio::join!(governed, operator);
        outcome.unwrap();
        assert!(left.get());
    }
}
