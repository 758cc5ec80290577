//! Queues and tasks on disk.
//!
//! A task row's `serial` is its identity: a finished attempt settles exactly the row it was made
//! for, even if a task of the same name was created since.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::name::{QueueName, TaskId};
use super::queue::{Progress, Serial};
use super::queue_spec::QueueSpec;
use super::task_spec::{Naming, TaskSpec};

/// How long a name stays taken after its task is gone. Cloud Tasks says "up to 24 hours"; the
/// strictest reading is the one that finds mistakes.
const DEDUP_WINDOW: Duration = Duration::from_hours(24);

/// The tables, step by step.
pub(crate) const MIGRATIONS: &[&str] = &["
    CREATE TABLE task_queues (
        name TEXT PRIMARY KEY,
        spec TEXT NOT NULL,
        paused INTEGER NOT NULL,
        purged TEXT
    ) STRICT;
    CREATE TABLE tasks (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL REFERENCES task_queues (name) ON DELETE CASCADE,
        id TEXT NOT NULL,
        chosen INTEGER NOT NULL,
        spec TEXT NOT NULL,
        progress TEXT NOT NULL,
        UNIQUE (queue, id)
    ) STRICT;
    CREATE TABLE used_task_names (
        queue TEXT NOT NULL REFERENCES task_queues (name) ON DELETE CASCADE,
        id TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (queue, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX used_task_names_by_end ON used_task_names (until);
"];

/// A queue as it was left.
pub(crate) struct QueueRow {
    pub(crate) name: String,
    pub(crate) spec: QueueSpec,
    pub(crate) paused: bool,
    pub(crate) purged: Option<DateTime<Utc>>,
}

/// A task as it was left.
pub(crate) struct TaskRow {
    pub(crate) queue: String,
    pub(crate) serial: Serial,
    pub(crate) spec: TaskSpec,
    pub(crate) progress: Progress,
}

/// What came of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    Task(Serial),
    NameTaken,
    NoQueue,
}

pub(crate) fn queues(connection: &Connection) -> rusqlite::Result<Vec<QueueRow>> {
    let mut statement = connection.prepare("SELECT name, spec, paused, purged FROM task_queues")?;
    let rows = statement.query_map([], |row| {
        let purged: Option<String> = row.get(3)?;
        Ok(QueueRow {
            name: row.get(0)?,
            spec: from_json(1, &row.get::<_, String>(1)?)?,
            paused: row.get(2)?,
            purged: purged.map(|text| from_json(3, &text)).transpose()?,
        })
    })?;
    rows.collect()
}

pub(crate) fn tasks(connection: &Connection) -> rusqlite::Result<Vec<TaskRow>> {
    let mut statement =
        connection.prepare("SELECT queue, serial, spec, progress FROM tasks ORDER BY serial")?;
    let rows = statement.query_map([], |row| {
        Ok(TaskRow {
            queue: row.get(0)?,
            serial: row.get(1)?,
            spec: from_json(2, &row.get::<_, String>(2)?)?,
            progress: from_json(3, &row.get::<_, String>(3)?)?,
        })
    })?;
    rows.collect()
}

/// Whether the queue is new.
pub(crate) fn insert_queue(
    connection: &Connection,
    name: &QueueName,
    spec: &QueueSpec,
) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached("INSERT INTO task_queues (name, spec, paused) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING")?
        .execute(params![name.to_string(), to_json(spec)?])?;
    Ok(inserted > 0)
}

/// Creates the queue or changes its configuration.
pub(crate) fn upsert_queue(
    connection: &Connection,
    name: &QueueName,
    spec: &QueueSpec,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO task_queues (name, spec, paused) VALUES (?1, ?2, 0)
             ON CONFLICT (name) DO UPDATE SET spec = excluded.spec",
        )?
        .execute(params![name.to_string(), to_json(spec)?])
        .map(drop)
}

/// Whether there was such a queue.
pub(crate) fn delete_queue(connection: &Connection, name: &QueueName) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached("DELETE FROM task_queues WHERE name = ?1")?
        .execute([name.to_string()])?;
    Ok(deleted > 0)
}

/// Whether there was such a queue.
pub(crate) fn set_paused(
    connection: &Connection,
    name: &QueueName,
    paused: bool,
) -> rusqlite::Result<bool> {
    let updated = connection
        .prepare_cached("UPDATE task_queues SET paused = ?2 WHERE name = ?1")?
        .execute(params![name.to_string(), paused])?;
    Ok(updated > 0)
}

/// Deletes the queue's tasks; their names stay taken. Answers whether there was such a queue.
pub(crate) fn purge(
    connection: &Connection,
    name: &QueueName,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let name = name.to_string();
    let updated = connection
        .prepare_cached("UPDATE task_queues SET purged = ?2 WHERE name = ?1")?
        .execute(params![name, to_json(&now)?])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO used_task_names (queue, id, until)
             SELECT queue, id, ?2 FROM tasks WHERE queue = ?1 AND chosen",
        )?
        .execute(params![name, until(now)])?;
    connection
        .prepare_cached("DELETE FROM tasks WHERE queue = ?1")?
        .execute([name])?;
    Ok(updated > 0)
}

/// Adds a task unless its queue is gone or its name is taken.
pub(crate) fn insert_task(
    connection: &Connection,
    queue: &QueueName,
    spec: &Arc<TaskSpec>,
    progress: &Progress,
) -> rusqlite::Result<Inserted> {
    let (queue, id) = (queue.to_string(), spec.id.as_str());
    let known: Option<bool> = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM used_task_names WHERE queue = ?1 AND id = ?2 AND until > ?3)
             FROM task_queues WHERE name = ?1",
        )?
        .query_row(params![queue, id, spec.created.timestamp_micros()], |row| row.get(0))
        .optional()?;
    match known {
        None => return Ok(Inserted::NoQueue),
        Some(true) => return Ok(Inserted::NameTaken),
        Some(false) => {}
    }
    let inserted = connection
        .prepare_cached(
            "INSERT INTO tasks (queue, id, chosen, spec, progress) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            queue,
            id,
            spec.naming == Naming::Chosen,
            to_json(spec.as_ref())?,
            to_json(progress)?
        ])?;
    if inserted == 0 {
        return Ok(Inserted::NameTaken);
    }
    Ok(Inserted::Task(connection.last_insert_rowid()))
}

/// Records what has become of a task so far; one that is gone stays gone.
pub(crate) fn update_task(
    connection: &Connection,
    serial: Serial,
    progress: &Progress,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE tasks SET progress = ?2 WHERE serial = ?1")?
        .execute(params![serial, to_json(progress)?])
        .map(drop)
}

/// Removes a task and keeps its name taken if it was chosen. Answers whether the task was there.
pub(crate) fn delete_task(
    connection: &Connection,
    serial: Serial,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("DELETE FROM used_task_names WHERE until <= ?1")?
        .execute([now.timestamp_micros()])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO used_task_names (queue, id, until)
             SELECT queue, id, ?2 FROM tasks WHERE serial = ?1 AND chosen",
        )?
        .execute(params![serial, until(now)])?;
    let deleted = connection
        .prepare_cached("DELETE FROM tasks WHERE serial = ?1")?
        .execute([serial])?;
    Ok(deleted > 0)
}

/// The row of a task by its name.
pub(crate) fn find_task(
    connection: &Connection,
    queue: &QueueName,
    id: &TaskId,
) -> rusqlite::Result<Option<Serial>> {
    connection
        .prepare_cached("SELECT serial FROM tasks WHERE queue = ?1 AND id = ?2")?
        .query_row(params![queue.to_string(), id.as_str()], |row| row.get(0))
        .optional()
}

fn until(now: DateTime<Utc>) -> i64 {
    (now + DEDUP_WINDOW).timestamp_micros()
}

fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
}
