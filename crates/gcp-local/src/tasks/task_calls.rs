//! The calls on tasks: create, delete, run. Reading them is the state's own part.

use std::sync::Arc;

use rusqlite::Connection;

use super::engine::{Engine, Queue, no_queue};
use super::name::{QueueName, TaskId};
use super::queue::Progress;
use super::resource::{self, View};
use super::rows::{self, Inserted};
use super::task_spec::{Naming, TaskSpec};
use crate::wire::{ApiError, Code};

impl Engine {
    /// `CreateTask`.
    pub(super) async fn create_task(
        self: &Arc<Self>,
        name: QueueName,
        task: resource::Task,
        view: View,
    ) -> Result<resource::Task, ApiError> {
        let queue = self.queue(&name)?;
        let (spec, progress) = self.admit(&queue, task)?;
        let created = spec.resource(name.task(&spec.id), view);
        let created = resource::Task {
            schedule_time: Some(progress.due),
            ..created
        };
        let engine = Arc::clone(self);
        let (row, kept) = (
            (name.clone(), Arc::clone(&spec), progress.clone()),
            (spec, progress),
        );
        let schedule = move |inserted: Inserted| {
            if let (Inserted::Task(serial), Some(queue)) = (inserted, engine.find(&name)) {
                queue.change(|state| state.add(serial, kept.0, kept.1));
            }
            inserted
        };
        let insert = move |db: &Connection| rows::insert_task(db, &row.0, &row.1, &row.2);
        match self.shared.store.write_then(insert, schedule).await? {
            Inserted::Task(_) => Ok(created),
            Inserted::NameTaken => Err(ApiError::already_exists("Requested entity already exists")),
            Inserted::NoQueue => Err(no_queue()),
        }
    }

    fn admit(
        &self,
        queue: &Queue,
        task: resource::Task,
    ) -> Result<(Arc<TaskSpec>, Progress), ApiError> {
        let (id, naming) = if task.name.is_empty() {
            (TaskId::from_random(rand::random()), Naming::Generated)
        } else {
            let id = queue
                .name
                .task_id(&task.name)
                .map_err(|error| ApiError::invalid(error.to_string()))?;
            (id, Naming::Chosen)
        };
        let (spec, due) = TaskSpec::new(id, naming, task, self.shared.clock.now())?;
        // Creations under way at this moment may pass the bound together; the store takes only so
        // many jobs, so the excess is bounded too.
        if !queue.state().has_room(spec.bytes) {
            return Err(ApiError::new(Code::ResourceExhausted, "The queue is full"));
        }
        Ok((Arc::new(spec), Progress::due(due)))
    }

    /// `DeleteTask`.
    pub(super) async fn delete_task(
        self: &Arc<Self>,
        name: QueueName,
        id: TaskId,
    ) -> Result<(), ApiError> {
        let (engine, row, now) = (
            Arc::clone(self),
            (name.clone(), id.clone()),
            self.shared.clock.now(),
        );
        let delete = move |db: &Connection| {
            let Some(serial) = rows::find_task(db, &row.0, &row.1)? else {
                return Ok(None);
            };
            rows::delete_task(db, serial, now)?;
            Ok(Some(serial))
        };
        let forget = move |deleted: Option<_>| {
            let serial = deleted?;
            if let Some(queue) = engine.find(&name) {
                queue.change(|state| state.remove(serial, &id));
            }
            Some(())
        };
        self.shared
            .store
            .write_then(delete, forget)
            .await?
            .ok_or_else(no_task)
    }

    /// `RunTask`: an attempt now, whatever the queue's state, rate and concurrency.
    pub(super) fn run_task(
        self: &Arc<Self>,
        name: &QueueName,
        id: &TaskId,
        view: View,
    ) -> Result<resource::Task, ApiError> {
        let queue = self.queue(name)?;
        let (job, task) = {
            let mut state = queue.state();
            let job = state
                .force(id, self.shared.clock.now())
                .ok_or_else(no_task)?;
            let task = state
                .get(id)
                .map(|task| task.resource(name, view))
                .ok_or_else(no_task)?;
            (job, task)
        };
        self.launch(queue, job);
        Ok(task)
    }
}

/// The answer to a task's name that nobody has.
pub(super) fn no_task() -> ApiError {
    ApiError::not_found("Requested entity was not found.")
}
