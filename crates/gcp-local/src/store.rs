//! One SQLite database for all services, owned by one thread.
//!
//! Work is sent to that thread as closures. It takes everything that waits, runs it in one
//! transaction (a savepoint each, so that one failure undoes only itself), commits, and only then
//! answers: many concurrent writers share a commit, and a lone writer never waits for company.
//! Commits reach the operating system before the answer, so what was acknowledged survives the
//! death of this process; the disk is synchronised at checkpoints, so a power cut may cost the
//! last commits, never the file's integrity.

mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::server::StartError;

/// Jobs that may wait for the writer. Callers beyond it wait to enqueue, which is the back-pressure.
const WAITING_JOBS: usize = 4096;

/// How long to wait for a predecessor that is still closing the database before giving up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the store has shut down")]
    Closed,
    #[error("the store's database failed: {0}")]
    Database(Arc<rusqlite::Error>),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<writer::Job>,
}

impl Store {
    /// Opens `gcp-local.sqlite3` in `folder`, or a database in memory, and starts its thread, which
    /// ends when the last handle is dropped.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, StartError> {
        let connection = match folder {
            Some(folder) => Connection::open(folder.join("gcp-local.sqlite3")),
            None => Connection::open_in_memory(),
        };
        let connection = connection
            .and_then(|connection| configure(&connection).map(|()| connection))
            .map_err(|error| StartError::new("open its database", error))?;
        let (jobs, queue) = mpsc::channel(WAITING_JOBS);
        std::thread::Builder::new()
            .name("gcp-local-store".to_owned())
            .spawn(move || writer::run(&connection, queue))
            .map_err(|error| StartError::new("start its store's thread", error))?;
        Ok(Self { jobs })
    }

    /// Applies the steps of `module` that this database has not seen yet, in order. Steps are only
    /// ever appended to.
    pub(crate) async fn migrate(
        &self,
        module: &'static str,
        steps: &'static [&'static str],
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            let done: u32 = connection.query_row(
                "SELECT count(*) FROM migrations WHERE module = ?1",
                [module],
                |row| row.get(0),
            )?;
            for (number, step) in (0_u32..)
                .zip(steps)
                .skip_while(|(number, _)| *number < done)
            {
                connection.execute_batch(step)?;
                connection.execute(
                    "INSERT INTO migrations (module, step) VALUES (?1, ?2)",
                    (module, number),
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Runs `work` on the writer's thread and answers when its effects are committed. An error from
    /// `work` undoes all of it and nothing else. Use `prepare_cached` for statements.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write_then(work, |value| value).await
    }

    /// Like [`Store::write`], and runs `then` on the writer's thread right after the commit. The
    /// `then`s of all jobs run one at a time, in commit order: memory that is changed only there
    /// follows the database exactly. It must be quick and must not wait.
    pub(crate) async fn write_then<W, T, F, G>(&self, work: F, then: G) -> Result<T, StoreError>
    where
        W: Send + 'static,
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<W> + Send + 'static,
        G: FnOnce(W) -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.jobs
            .send(writer::job(work, then, answer))
            .await
            .map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a query in turn with the writes, so it sees every write that was answered before.
    pub(crate) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write(query).await
    }
}

/// The exclusive lock keeps a second server off the same folder and spares the shared-memory file.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON;
         CREATE TABLE IF NOT EXISTS migrations (
             module TEXT NOT NULL,
             step INTEGER NOT NULL,
             PRIMARY KEY (module, step)
         ) STRICT;",
    )
}

#[cfg(test)]
mod tests;
