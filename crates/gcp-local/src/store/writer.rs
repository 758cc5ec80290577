//! The thread that owns the connection: batch, commit, answer.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Jobs that share one commit. More would only make the first of them wait.
const BATCH: usize = 256;

/// First half of a job: its statements. Gives back the second half.
pub(super) type Job = Box<dyn FnOnce(&Connection) -> Outcome + Send>;

/// Second half: told whether the commit went through, it settles memory and answers the caller.
pub(super) struct Outcome {
    keep: bool,
    finish: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

pub(super) fn job<W, T, F, G>(
    work: F,
    then: G,
    answer: oneshot::Sender<Result<T, StoreError>>,
) -> Job
where
    W: Send + 'static,
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<W> + Send + 'static,
    G: FnOnce(W) -> T + Send + 'static,
{
    Box::new(move |connection| {
        let worked = work(connection);
        Outcome {
            keep: worked.is_ok(),
            finish: Box::new(move |committed| {
                let result = match (worked, committed) {
                    (Ok(value), Ok(())) => Ok(then(value)),
                    (Ok(_), Err(error)) => Err(error),
                    (Err(error), _) => Err(error.into()),
                };
                // A caller that went away loses the answer, not the effect.
                drop(answer.send(result));
            }),
        }
    })
}

pub(super) fn run(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        let (outcomes, committed) = commit(connection, batch.drain(..));
        for outcome in outcomes {
            let committed = match &committed {
                Ok(()) => Ok(()),
                Err(error) => Err(StoreError::Database(std::sync::Arc::clone(error))),
            };
            (outcome.finish)(committed);
        }
    }
}

type Committed = Result<(), std::sync::Arc<rusqlite::Error>>;

fn commit(connection: &Connection, jobs: impl Iterator<Item = Job>) -> (Vec<Outcome>, Committed) {
    let mut outcomes = Vec::new();
    let mut failed = statement(connection, "BEGIN IMMEDIATE").err();
    for job in jobs {
        failed = failed.or_else(|| statement(connection, "SAVEPOINT job").err());
        let outcome = job(connection);
        let end = if outcome.keep {
            "RELEASE job"
        } else {
            "ROLLBACK TO job"
        };
        failed = failed.or_else(|| statement(connection, end).err());
        outcomes.push(outcome);
    }
    let committed = match failed {
        None => statement(connection, "COMMIT"),
        Some(error) => Err(error),
    };
    let committed = committed.map_err(|error| {
        tracing::error!(%error, "the store could not commit");
        if let Err(error) = statement(connection, "ROLLBACK") {
            tracing::debug!(%error, "nothing was left to roll back");
        }
        std::sync::Arc::new(error)
    });
    (outcomes, committed)
}

fn statement(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
