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

    /// The first signal stops the service, the second ends the process.
    pub(super) async fn govern(mut self, lifecycle: &Lifecycle) -> Result<(), TaskFailure> {
        let end = lifecycle.run_until_stopped();
        tokio::pin!(end);
        loop {
            tokio::select! {
                outcome = &mut end => return outcome,
                () = self.next() => {
                    if lifecycle.stopping().is_cancelled() {
                        leave_now();
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
fn leave_now() {
    tracing::warn!("second signal: leaving at once");
    std::process::exit(INTERRUPTED);
}
