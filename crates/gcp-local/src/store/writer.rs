//! The thread that owns the connection: batch, commit, answer.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Jobs that share one commit. More would only make the first of them wait.
const BATCH: usize = 256;

/// First half of a job: its statements, or why there is no transaction to run them in. Gives back the second half.
pub(super) type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Outcome + Send>;

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
    Box::new(move |transaction| {
        let worked = transaction.and_then(|connection| Ok(work(connection)?));
        Outcome {
            keep: worked.is_ok(),
            finish: Box::new(move |committed| {
                let result = match (worked, committed) {
                    (Ok(value), Ok(())) => Ok(then(value)),
                    (Err(error), _) | (Ok(_), Err(error)) => Err(error),
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
            (outcome.finish)(committed.clone().map_err(StoreError::Database));
        }
    }
}

type Committed = Result<(), Arc<rusqlite::Error>>;

/// Runs the jobs in one transaction. Without one, as after a statement that failed around them, they
/// are not run at all: each statement of theirs would be a commit of its own, and their callers
/// would be told that nothing happened.
fn commit(connection: &Connection, jobs: impl Iterator<Item = Job>) -> (Vec<Outcome>, Committed) {
    let mut outcomes = Vec::new();
    let mut open = statement(connection, "BEGIN IMMEDIATE");
    for job in jobs {
        open = open.and_then(|()| statement(connection, "SAVEPOINT job"));
        let transaction = match &open {
            Ok(()) => Ok(connection),
            Err(error) => Err(StoreError::Database(Arc::clone(error))),
        };
        let outcome = job(transaction);
        let end = if outcome.keep {
            "RELEASE job"
        } else {
            "ROLLBACK TO job"
        };
        open = open.and_then(|()| statement(connection, end));
        outcomes.push(outcome);
    }
    let committed = open.and_then(|()| statement(connection, "COMMIT"));
    if let Err(error) = &committed {
        tracing::error!(%error, "the store could not commit");
        if let Err(error) = statement(connection, "ROLLBACK") {
            tracing::debug!(%error, "nothing was left to roll back");
        }
    }
    (outcomes, committed)
}

fn statement(connection: &Connection, sql: &str) -> Committed {
    let done = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]));
    done.map(drop).map_err(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_cannot_begin_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        let (ours, other) = (
            Connection::open(&file).unwrap(),
            Connection::open(&file).unwrap(),
        );
        ours.execute_batch("CREATE TABLE numbers (number INTEGER)")
            .unwrap();
        ours.busy_timeout(Duration::ZERO).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();

        let (answer, mut answered) = oneshot::channel();
        let ran = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&ran);
        let work = move |_: &Connection| {
            mark.store(true, Ordering::SeqCst);
            Ok(())
        };
        let jobs = std::iter::once(job(work, |()| (), answer));
        let (outcomes, committed) = commit(&ours, jobs);
        for outcome in outcomes {
            (outcome.finish)(committed.clone().map_err(StoreError::Database));
        }

        assert!(!ran.load(Ordering::SeqCst));
        assert!(matches!(
            answered.try_recv().unwrap(),
            Err(StoreError::Database(_))
        ));
    }
}
