//! From "ready" to "gone", in order.
//!
//! A service owns one [`Lifecycle`]. Everything that runs is spawned on it, so that something awaits its end, and a
//! task that ends by itself or panics takes the service down instead of leaving it half alive. On SIGTERM or SIGINT
//!
//! 1. readiness goes off and [`stopping`](Lifecycle::stopping) fires: listeners close, connections finish the request
//!    in hand, loops end after the round in hand;
//! 2. when the drain time is over [`cancelled`](Lifecycle::cancelled) fires: whoever still works gives back its lease;
//! 3. a moment later what is left is dropped, and telemetry is flushed.
//!
//! With the default drain of 8 s all of it fits in the 10 s that Cloud Run allows. A second signal ends the process at
//! once.

mod connection;
mod door;
mod servers;
mod signals;
mod tasks;

use std::{
    fmt,
    future::Future,
    process::ExitCode,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use connection::ConnectionLimits;
pub use door::{Door, Slot, Visitor};
pub use tasks::TaskOutcome;

use crate::telemetry::Telemetry;

/// Time between "give back what you hold" and being dropped: one round trip to the database and then some.
const CANCEL_GRACE: Duration = Duration::from_secs(1);
/// Time for the last spans and metrics. Drain, this and the above stay below the platform's ten seconds.
const FLUSH_LIMIT: Duration = Duration::from_millis(500);

/// Why a service ended though nobody asked it to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("task {task} {what}")]
pub struct TaskFailure {
    /// The name it was spawned under.
    pub task: &'static str,
    /// What happened to it.
    pub what: String,
}

/// The life of a process or of a test's service; clones share it.
#[derive(Clone)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

struct Inner {
    started: AtomicBool,
    stopping: CancellationToken,
    cancelled: CancellationToken,
    dropped: CancellationToken,
    tracker: TaskTracker,
    /// Names of the tasks that run, for the log line about those that would not end.
    running: Mutex<Vec<&'static str>>,
    failure: OnceLock<TaskFailure>,
    drain: Duration,
}

/// Whether requests are welcome; handed to whoever answers `/ready`.
#[derive(Clone)]
pub struct Readiness {
    inner: Arc<Inner>,
}

impl Readiness {
    /// Started, and not on the way out.
    pub fn is_ready(&self) -> bool {
        self.inner.started.load(Ordering::Acquire) && !self.inner.stopping.is_cancelled()
    }
}

impl Lifecycle {
    /// A life that drains for at most `drain`. It listens to signals only in [`run`](Self::run).
    pub fn new(drain: Duration) -> Self {
        let inner = Inner {
            started: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            cancelled: CancellationToken::new(),
            dropped: CancellationToken::new(),
            tracker: TaskTracker::new(),
            running: Mutex::new(Vec::new()),
            failure: OnceLock::new(),
            drain,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Everything is wired and listening: requests are welcome.
    pub fn set_ready(&self) {
        self.inner.started.store(true, Ordering::Release);
    }

    /// A handle that answers whether requests are welcome.
    pub fn readiness(&self) -> Readiness {
        Readiness {
            inner: Arc::clone(&self.inner),
        }
    }

    /// Fires when the service shall take no new work. Loops end after the round in hand.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// Fires when the drain time is over. Whoever still works has a second to give back what it holds.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.inner.cancelled
    }

    /// Begins the end, as a signal would.
    pub fn stop(&self) {
        self.inner.stopping.cancel();
    }

    /// Runs a task that lives as long as the service.
    ///
    /// If it ends before [`stopping`](Self::stopping) fires, with whatever outcome, or panics at any time, the service
    /// goes down, and the log says which task and why.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future + Send + 'static,
        F::Output: TaskOutcome,
    {
        self.inner
            .tracker
            .spawn(tasks::supervise(self.clone(), name, task));
    }

    /// Lives until a signal or a task's failure, then ends everything in order. The last thing `main` awaits.
    pub async fn run(&self, telemetry: &Telemetry) -> ExitCode {
        let outcome = match signals::Signals::listen() {
            Ok(signals) => signals.govern(self, signals::leave_now).await,
            Err(error) => {
                tracing::error!(%error, "signals cannot be listened to");
                self.stop();
                drop(self.run_until_stopped().await);
                telemetry.shutdown(FLUSH_LIMIT).await;
                return ExitCode::FAILURE;
            }
        };
        match &outcome {
            Ok(()) => tracing::info!("stopped"),
            Err(failure) => tracing::error!(%failure, "stopped by a failure"),
        }
        telemetry.shutdown(FLUSH_LIMIT).await;
        if outcome.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Lives until [`stop`](Self::stop) or a task's failure, then drains, cancels and drops, in order.
    pub async fn run_until_stopped(&self) -> Result<(), TaskFailure> {
        let inner = &self.inner;
        inner.stopping.cancelled().await;
        inner.tracker.close();
        tracing::info!(drain = ?inner.drain, "stopping");
        if tokio::time::timeout(inner.drain, inner.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(tasks = ?self.running(), "drain time is over, cancelling");
        }
        inner.cancelled.cancel();
        if tokio::time::timeout(CANCEL_GRACE, inner.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(tasks = ?self.running(), "dropping what would not end");
        }
        inner.dropped.cancel();
        if tokio::time::timeout(CANCEL_GRACE, inner.tracker.wait())
            .await
            .is_err()
        {
            // Something blocks its thread, and the runtime's own end waits for that: only a second signal, or the
            // platform's kill, ends the process before.
            tracing::error!(tasks = ?self.running(), "tasks cannot be dropped");
        }
        inner
            .failure
            .get()
            .map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// The first failure decides; those that follow from it are logged only.
    fn fail(&self, task: &'static str, what: String) {
        tracing::error!(task, what, "a task failed, the service goes down");
        // A later failure finds the place taken, which is what "the first decides" means.
        drop(self.inner.failure.set(TaskFailure { task, what }));
        self.stop();
    }
}

impl fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle")
            .field("ready", &self.readiness().is_ready())
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.is_ready()).finish()
    }
}
