//! All queues: each with its memory, its driver and its rows.
//!
//! Every change goes to disk first and to memory right after the commit, on the store's thread
//! and in commit order, so memory never shows what a crash could take back. A queue has a driver
//! of its own that sleeps until its next task is due, its bucket refills or something changes:
//! nothing polls, and a paused or slow queue keeps nobody else waiting.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::name::QueueName;
use super::queue::{Job, Progress, QueueState, Settlement, Step};
use super::{attempt, rows};
use crate::state::State;
use crate::store::StoreError;
use crate::wire::ApiError;

/// One queue: its state, and the bell that wakes its driver.
pub(super) struct Queue {
    pub(super) name: QueueName,
    state: Mutex<QueueState>,
    wake: Notify,
    /// Cancelled when the queue is deleted or the server stops.
    pub(super) closed: CancellationToken,
}

impl Queue {
    /// The state; a panic elsewhere does not take the queue down.
    pub(super) fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the driver to look at it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut QueueState) -> T) -> T {
        let changed = change(&mut self.state());
        self.wake.notify_one();
        changed
    }
}

/// The Cloud Tasks service.
pub(super) struct Engine {
    pub(super) shared: State,
    queues: Mutex<BTreeMap<QueueName, Arc<Queue>>>,
    /// Drivers are started from the store's thread, which has no runtime of its own.
    runtime: Handle,
}

impl Engine {
    /// Loads what the database holds and starts a driver for every queue. An attempt that was in
    /// flight when the last process died is due again at once.
    pub(super) async fn open(shared: &State) -> Result<Arc<Self>, StoreError> {
        shared.store.migrate("tasks", rows::MIGRATIONS).await?;
        let (queues, tasks) = shared
            .store
            .read(|db| Ok((rows::queues(db)?, rows::tasks(db)?)))
            .await?;
        let engine = Arc::new(Self {
            shared: shared.clone(),
            queues: Mutex::default(),
            runtime: Handle::current(),
        });
        let now = shared.clock.now();
        let mut restored = BTreeMap::new();
        for row in queues {
            let Ok(name) = QueueName::parse(&row.name) else {
                continue;
            };
            let mut state = QueueState::new(row.spec, now);
            (state.paused, state.purged) = (row.paused, row.purged);
            restored.insert(row.name, (name, state));
        }
        for row in tasks {
            if let Some((_, state)) = restored.get_mut(&row.queue) {
                state.add(row.serial, Arc::new(row.spec), row.progress);
            }
        }
        for (name, state) in restored.into_values() {
            engine.install(name, state);
        }
        Ok(engine)
    }

    /// The queues by name.
    pub(super) fn registry(&self) -> MutexGuard<'_, BTreeMap<QueueName, Arc<Queue>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a queue in place and starts its driver, unless there is one of that name.
    pub(super) fn install(self: &Arc<Self>, name: QueueName, state: QueueState) -> Arc<Queue> {
        let mut registry = self.registry();
        let vacant = match registry.entry(name) {
            Entry::Occupied(present) => return Arc::clone(present.get()),
            Entry::Vacant(vacant) => vacant,
        };
        let queue = Arc::new(Queue {
            name: vacant.key().clone(),
            state: Mutex::new(state),
            wake: Notify::new(),
            closed: self.shared.stop.child_token(),
        });
        vacant.insert(Arc::clone(&queue));
        let driver = drive(Arc::clone(self), Arc::clone(&queue));
        self.shared.background.spawn_on(driver, &self.runtime);
        queue
    }

    /// The queue of that name.
    pub(super) fn find(&self, name: &QueueName) -> Option<Arc<Queue>> {
        self.registry().get(name).cloned()
    }

    /// The queue, or the answer that there is none.
    pub(super) fn queue(&self, name: &QueueName) -> Result<Arc<Queue>, ApiError> {
        self.find(name).ok_or_else(no_queue)
    }

    /// Starts an attempt; the tracker of background work owns it.
    pub(super) fn launch(self: &Arc<Self>, queue: Arc<Queue>, job: Job) {
        let attempt = attempt::run(Arc::clone(self), queue, job);
        self.shared.background.spawn_on(attempt, &self.runtime);
    }

    /// Puts an attempt's outcome on disk and then into effect.
    pub(super) async fn finish(
        &self,
        queue: &Arc<Queue>,
        job: Job,
        settlement: Settlement,
        now: DateTime<Utc>,
    ) {
        let (target, closing, row) = (Arc::clone(queue), job.clone(), settlement.clone());
        let serial = job.serial;
        let write = move |db: &rusqlite::Connection| match row {
            Settlement::Gone => Ok(()),
            Settlement::Finished | Settlement::GivenUp => {
                rows::delete_task(db, serial, now).map(drop)
            }
            Settlement::Retry(progress) => rows::update_task(db, serial, &progress),
        };
        let close = move |()| target.change(|state| state.close(&closing, settlement));
        if let Err(error) = self.shared.store.write_then(write, close).await {
            // The row still says the task waits, so memory must say so too: it is tried again.
            tracing::error!(%error, task = %job.spec.id, "an attempt's outcome was not kept");
            let again = Settlement::Retry(Progress {
                due: now + super::retry::UNKEPT_DELAY,
                ..job.progress.clone()
            });
            queue.change(|state| state.close(&job, again));
        }
    }
}

/// Starts a queue's attempts as they come due, until the queue is deleted or the server stops.
async fn drive(engine: Arc<Engine>, queue: Arc<Queue>) {
    loop {
        let step = queue.state().next(engine.shared.clock.now());
        match step {
            Step::Dispatch(job) => {
                engine.launch(Arc::clone(&queue), *job);
                // A long run of due tasks lets their first attempts get going.
                tokio::task::yield_now().await;
            }
            Step::Wait(until) => {
                tokio::select! {
                    biased;
                    () = queue.closed.cancelled() => return,
                    () = queue.wake.notified() => {}
                    () = engine.shared.clock.sleep_until(until) => {}
                }
            }
        }
    }
}

/// The answer to a queue's name that nobody has.
pub(super) fn no_queue() -> ApiError {
    ApiError::not_found("Queue does not exist.")
}
