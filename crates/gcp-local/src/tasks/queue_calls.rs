//! The calls on queues: list, create, update, delete, pause, resume, purge.

use std::sync::Arc;

use rusqlite::Connection;

use super::engine::{Engine, Queue, no_queue};
use super::name::{LocationName, QueueName};
use super::queue::QueueState;
use super::queue_spec::{FieldMask, QueueSpec};
use super::{resource, rows};
use crate::wire::{ApiError, Code};

/// Queues of one server; Google allows a project a thousand per region.
const MAX_QUEUES: usize = 1_000;

impl Engine {
    /// `ListQueues`: up to `limit` queues of a location, after `after`.
    pub(super) fn list_queues(
        &self,
        parent: &LocationName,
        after: Option<&QueueName>,
        limit: usize,
    ) -> Vec<Arc<Queue>> {
        let registry = self.registry();
        let here = registry
            .values()
            .filter(|queue| parent.contains(&queue.name));
        here.filter(|queue| after.is_none_or(|after| queue.name > *after))
            .take(limit)
            .cloned()
            .collect()
    }

    /// `CreateQueue`.
    pub(super) async fn create_queue(
        self: &Arc<Self>,
        name: QueueName,
        spec: QueueSpec,
    ) -> Result<Arc<Queue>, ApiError> {
        self.refuse_excess()?;
        let (engine, row, wanted) = (Arc::clone(self), (name.clone(), spec.clone()), spec);
        let create = move |created: bool| {
            let now = engine.shared.clock.now();
            created.then(|| engine.install(name, QueueState::new(wanted, now)))
        };
        let created = self
            .shared
            .store
            .write_then(move |db| rows::insert_queue(db, &row.0, &row.1), create)
            .await?;
        created.ok_or_else(|| ApiError::already_exists("Queue already exists"))
    }

    /// `UpdateQueue`, which creates the queue if need be.
    pub(super) async fn update_queue(
        self: &Arc<Self>,
        name: QueueName,
        queue: &resource::Queue,
        mask: FieldMask<'_>,
    ) -> Result<Arc<Queue>, ApiError> {
        let present = self.find(&name).map(|queue| queue.state().spec.clone());
        if present.is_none() {
            self.refuse_excess()?;
        }
        let spec = present.unwrap_or_default().updated(queue, mask)?;
        let (engine, row, wanted) = (Arc::clone(self), (name.clone(), spec.clone()), spec);
        let update = move |()| {
            let now = engine.shared.clock.now();
            let queue = engine.install(name, QueueState::new(wanted.clone(), now));
            queue.change(|state| state.configure(wanted, now));
            queue
        };
        Ok(self
            .shared
            .store
            .write_then(move |db| rows::upsert_queue(db, &row.0, &row.1), update)
            .await?)
    }

    fn refuse_excess(&self) -> Result<(), ApiError> {
        if self.registry().len() < MAX_QUEUES {
            return Ok(());
        }
        Err(ApiError::new(
            Code::ResourceExhausted,
            format!("gcp-local holds at most {MAX_QUEUES} queues"),
        ))
    }

    /// `DeleteQueue`: the queue, its tasks and its taken names.
    pub(super) async fn delete_queue(self: &Arc<Self>, name: QueueName) -> Result<(), ApiError> {
        let (engine, row) = (Arc::clone(self), name.clone());
        let delete = move |deleted: bool| {
            if deleted && let Some(queue) = engine.registry().remove(&name) {
                queue.closed.cancel();
            }
            deleted
        };
        let deleted = self
            .shared
            .store
            .write_then(move |db| rows::delete_queue(db, &row), delete)
            .await?;
        deleted.then_some(()).ok_or_else(no_queue)
    }

    /// `PauseQueue` and `ResumeQueue`.
    pub(super) async fn set_paused(
        self: &Arc<Self>,
        name: QueueName,
        paused: bool,
    ) -> Result<Arc<Queue>, ApiError> {
        let row = name.clone();
        self.write_queue(
            name,
            move |db| rows::set_paused(db, &row, paused),
            move |state| state.paused = paused,
        )
        .await
    }

    /// `PurgeQueue`.
    pub(super) async fn purge(self: &Arc<Self>, name: QueueName) -> Result<Arc<Queue>, ApiError> {
        let (row, now) = (name.clone(), self.shared.clock.now());
        self.write_queue(
            name,
            move |db| rows::purge(db, &row, now),
            move |state| state.purge(now),
        )
        .await
    }

    async fn write_queue(
        self: &Arc<Self>,
        name: QueueName,
        write: impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static,
        change: impl FnOnce(&mut QueueState) + Send + 'static,
    ) -> Result<Arc<Queue>, ApiError> {
        let engine = Arc::clone(self);
        let apply = move |found: bool| {
            let queue = engine.find(&name).filter(|_| found)?;
            queue.change(change);
            Some(queue)
        };
        self.shared
            .store
            .write_then(write, apply)
            .await?
            .ok_or_else(no_queue)
    }
}
