//! One queue in memory: which task is next, what runs, what an attempt's end means.
//!
//! Pure: the time comes in, and whatever is to be sent or kept goes out as a value. A task is
//! either on the agenda (waiting for its time) or running, never both, so it is attempted once at
//! a time; only [`QueueState::force`] may run it beside itself, as `tasks.run` documents.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::name::{QueueName, TaskId};
use super::outcome::Outcome;
use super::queue_spec::QueueSpec;
use super::resource::{self, Attempt, View};
use super::task_spec::TaskSpec;

/// Tasks that may wait in one queue, and their bytes together: they are held in memory.
const MAX_TASKS: usize = 100_000;
const MAX_BYTES: usize = 256 << 20;

/// The row of a task; unlike its name it is never used again.
pub(crate) type Serial = i64;

/// What changes over a task's life; kept on disk as it is here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// When the next attempt is due.
    pub(crate) due: DateTime<Utc>,
    /// Attempts begun.
    pub(crate) dispatches: u32,
    /// Attempts that were answered, whatever the answer.
    pub(crate) responses: u32,
    /// When the first attempt began.
    pub(crate) first_dispatch: Option<DateTime<Utc>>,
    /// The latest attempt.
    pub(crate) last_attempt: Option<Attempt>,
    /// HTTP status of the latest answer.
    pub(crate) previous_response: Option<u16>,
}

impl Progress {
    /// A task that has not been attempted.
    pub(crate) fn due(due: DateTime<Utc>) -> Self {
        Self {
            due,
            dispatches: 0,
            responses: 0,
            first_dispatch: None,
            last_attempt: None,
            previous_response: None,
        }
    }
}

/// A task that exists.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) serial: Serial,
    pub(crate) spec: Arc<TaskSpec>,
    pub(crate) progress: Progress,
    running: u32,
}

/// One attempt to be made, with everything its request says about earlier ones.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) serial: Serial,
    pub(crate) spec: Arc<TaskSpec>,
    /// Progress with this attempt counted.
    pub(crate) progress: Progress,
    /// When the attempt was due.
    pub(crate) eta: DateTime<Utc>,
    /// Why an earlier attempt failed.
    pub(crate) retry_reason: Option<String>,
    /// A forced attempt counts its retry delay from the call, an ordinary one from its end.
    forced_at: Option<DateTime<Utc>>,
}

/// What the queue's driver does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Make this attempt.
    Dispatch(Box<Job>),
    /// Nothing before this moment; `None`: nothing before something changes.
    Wait(Option<DateTime<Utc>>),
}

/// What an attempt's end means for its task.
#[derive(Debug, Clone)]
pub(crate) enum Settlement {
    /// It succeeded: the task is done.
    Finished,
    /// It failed for the last time: the task goes as if it had been deleted.
    GivenUp,
    /// It failed: the task waits for its next attempt.
    Retry(Progress),
    /// The task was deleted meanwhile.
    Gone,
}

/// A queue's configuration and tasks.
#[derive(Debug)]
pub(crate) struct QueueState {
    pub(crate) spec: QueueSpec,
    pub(crate) paused: bool,
    pub(crate) purged: Option<DateTime<Utc>>,
    tasks: BTreeMap<TaskId, Task>,
    agenda: BTreeSet<(DateTime<Utc>, Serial, TaskId)>,
    gate: Gate,
    in_flight: u32,
    bytes: usize,
}

impl QueueState {
    /// An empty queue.
    pub(crate) fn new(spec: QueueSpec, now: DateTime<Utc>) -> Self {
        let gate = Gate::new(spec.per_second, now);
        Self {
            spec,
            paused: false,
            purged: None,
            tasks: BTreeMap::new(),
            agenda: BTreeSet::new(),
            gate,
            in_flight: 0,
            bytes: 0,
        }
    }

    /// Replaces the configuration.
    pub(crate) fn configure(&mut self, spec: QueueSpec, now: DateTime<Utc>) {
        self.gate.set_rate(spec.per_second, now);
        self.spec = spec;
    }

    /// Whether one more task of this size fits.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.tasks.len() < MAX_TASKS && self.bytes.saturating_add(bytes) <= MAX_BYTES
    }

    /// Adds a task that is on disk already.
    pub(crate) fn add(&mut self, serial: Serial, spec: Arc<TaskSpec>, progress: Progress) {
        let id = spec.id.clone();
        self.bytes = self.bytes.saturating_add(spec.bytes);
        self.agenda.insert((progress.due, serial, id.clone()));
        self.tasks.insert(
            id,
            Task {
                serial,
                spec,
                progress,
                running: 0,
            },
        );
    }

    /// A task by its id.
    pub(crate) fn get(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.get(id)
    }

    /// Up to `limit` tasks in the order of their ids, after `after`.
    pub(crate) fn page(&self, after: Option<&TaskId>, limit: usize) -> impl Iterator<Item = &Task> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.tasks
            .range::<TaskId, _>((from, Bound::Unbounded))
            .map(|(_, task)| task)
            .take(limit)
    }

    /// Removes a task; an attempt under way ends unnoticed.
    pub(crate) fn remove(&mut self, serial: Serial, id: &TaskId) {
        if self.tasks.get(id).is_some_and(|task| task.serial == serial)
            && let Some(task) = self.tasks.remove(id)
        {
            self.bytes = self.bytes.saturating_sub(task.spec.bytes);
            self.agenda.remove(&(task.progress.due, serial, id.clone()));
        }
    }

    /// Removes every task.
    pub(crate) fn purge(&mut self, now: DateTime<Utc>) {
        self.tasks.clear();
        self.agenda.clear();
        self.bytes = 0;
        self.purged = Some(now);
    }

    /// The next attempt, or how long there is nothing to do.
    pub(crate) fn next(&mut self, now: DateTime<Utc>) -> Step {
        if self.paused || self.in_flight >= self.spec.concurrent {
            return Step::Wait(None);
        }
        let Some((due, _, id)) = self.agenda.first() else {
            return Step::Wait(None);
        };
        if *due > now {
            return Step::Wait(Some(*due));
        }
        let id = id.clone();
        if let Err(wait) = self.gate.take(now) {
            return Step::Wait(Some(now + wait.min(Duration::from_hours(1))));
        }
        match self.begin(&id, now, None) {
            Some(job) => Step::Dispatch(Box::new(job)),
            // The agenda only names tasks that exist, so this only shields against a spin.
            None => Step::Wait(None),
        }
    }

    /// Starts an attempt now, whatever the queue's state and limits.
    pub(crate) fn force(&mut self, id: &TaskId, now: DateTime<Utc>) -> Option<Job> {
        self.begin(id, now, Some(now))
    }

    fn begin(
        &mut self,
        id: &TaskId,
        now: DateTime<Utc>,
        forced_at: Option<DateTime<Utc>>,
    ) -> Option<Job> {
        let task = self.tasks.get_mut(id)?;
        let eta = forced_at.unwrap_or(task.progress.due);
        let last = task.progress.last_attempt.as_ref();
        let retry_reason =
            last.and_then(|last| Some(last.response_status.as_ref()?.message.clone()));
        self.agenda
            .remove(&(task.progress.due, task.serial, id.clone()));
        self.in_flight += 1;
        task.running += 1;
        task.progress.dispatches = task.progress.dispatches.saturating_add(1);
        task.progress.first_dispatch.get_or_insert(now);
        task.progress.last_attempt = Some(Attempt {
            schedule_time: Some(eta),
            dispatch_time: Some(now),
            ..Attempt::default()
        });
        Some(Job {
            serial: task.serial,
            spec: Arc::clone(&task.spec),
            progress: task.progress.clone(),
            eta,
            retry_reason,
            forced_at,
        })
    }

    /// Decides what an attempt's end means. Nothing is released until [`QueueState::close`], so
    /// that the decision can be on disk before it has effects.
    pub(crate) fn settle(
        &mut self,
        job: &Job,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Settlement {
        if outcome.is_overload() {
            self.gate.overloaded(now);
        } else if outcome.http_status().is_some() {
            self.gate.answered(now);
        }
        let Some(task) = self
            .tasks
            .get_mut(&job.spec.id)
            .filter(|task| task.serial == job.serial)
        else {
            return Settlement::Gone;
        };
        if outcome.is_success() {
            return Settlement::Finished;
        }
        let mut progress = task.progress.clone();
        if let Some(status) = outcome.http_status() {
            progress.responses = progress.responses.saturating_add(1);
            progress.previous_response = Some(status);
        }
        if let Some(last) = &mut progress.last_attempt {
            last.response_time = Some(now);
            last.response_status = Some(outcome.rpc_status());
        }
        let policy = task
            .spec
            .retry_policy(&self.spec.retry)
            .unwrap_or_else(|_| self.spec.retry.clone());
        let since = |start: DateTime<Utc>| (now - start).to_std().unwrap_or_default();
        let since_first = progress.first_dispatch.map(since).unwrap_or_default();
        if policy.is_spent(progress.dispatches, since_first, since(task.spec.created)) {
            return Settlement::GivenUp;
        }
        let delay = policy.delay(progress.dispatches).max(outcome.retry_after());
        progress.due = job.forced_at.unwrap_or(now) + delay;
        Settlement::Retry(progress)
    }

    /// Ends an attempt after its settlement is on disk.
    pub(crate) fn close(&mut self, job: &Job, settlement: Settlement) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let id = &job.spec.id;
        match settlement {
            Settlement::Gone => {}
            Settlement::Finished | Settlement::GivenUp => self.remove(job.serial, id),
            Settlement::Retry(progress) => {
                if let Some(task) = self
                    .tasks
                    .get_mut(id)
                    .filter(|task| task.serial == job.serial)
                {
                    task.progress = progress;
                    task.running = task.running.saturating_sub(1);
                    if task.running == 0 {
                        self.agenda
                            .insert((task.progress.due, task.serial, id.clone()));
                    }
                }
            }
        }
    }

    /// The resource as a caller sees it.
    pub(crate) fn resource(&self, name: &QueueName) -> resource::Queue {
        resource::Queue {
            name: name.to_string(),
            rate_limits: Some(self.spec.rate_limits()),
            retry_config: Some(self.spec.retry_config()),
            state: Some(if self.paused { "PAUSED" } else { "RUNNING" }.into()),
            purge_time: self.purged,
            ..resource::Queue::default()
        }
    }
}

impl Task {
    /// The resource as a caller sees it.
    pub(crate) fn resource(&self, queue: &QueueName, view: View) -> resource::Task {
        let first_attempt = self.progress.first_dispatch.map(|dispatched| Attempt {
            dispatch_time: Some(dispatched),
            ..Attempt::default()
        });
        resource::Task {
            schedule_time: Some(self.progress.due),
            dispatch_count: self.progress.dispatches,
            response_count: self.progress.responses,
            first_attempt,
            last_attempt: self.progress.last_attempt.clone(),
            ..self.spec.resource(queue.task(&self.spec.id), view)
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
