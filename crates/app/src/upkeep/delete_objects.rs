//! Files that nothing needs any more are deleted from the store.

use avvivo_domain::reels::LIFETIME;
use avvivo_ports::ObjectPath;
use avvivo_postgres::{chat, uploads};
use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{AppError, Deps};

/// How many a pass takes.
const BATCH: i64 = 200;
/// How many are deleted at once.
const AT_ONCE: usize = 8;
/// When one that could not be deleted is tried again: not in the next pass, which it would only crowd.
const RETRY_AFTER: TimeDelta = TimeDelta::hours(1);

/// One pass: uploads that were confirmed over a day ago join the list, and what is due on it is deleted. Files of reels that
/// are still to be rendered stay.
pub async fn pass(deps: &Deps) -> Result<Value, AppError> {
    let now = deps.now();
    let mut conn = deps.db.acquire().await?;
    let unused = uploads::forget_unused(&mut conn, now - LIFETIME, BATCH).await?;
    chat::uploads::forget(&mut conn, now - LIFETIME, BATCH).await?;
    let due = uploads::list_due_tombstones(&mut conn, now, BATCH).await?;
    drop(conn);
    let outcomes: Vec<(String, bool)> = stream::iter(due)
        .map(|path| async move {
            let outcome = deps
                .store_of(&path)
                .delete(&ObjectPath::new(path.as_str()))
                .await;
            if let Err(error) = &outcome {
                tracing::warn!(%error, "an object could not be deleted");
            }
            (path, outcome.is_ok())
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (deleted, left): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, done)| *done);
    let (deleted, left) = (paths(deleted), paths(left));
    let mut conn = deps.db.acquire().await?;
    uploads::remove_tombstones(&mut conn, &deleted).await?;
    uploads::postpone_tombstones(&mut conn, &left, now + RETRY_AFTER).await?;
    Ok(json!({"unused": unused, "deleted": deleted.len()}))
}

fn paths(outcomes: Vec<(String, bool)>) -> Vec<String> {
    outcomes.into_iter().map(|(path, _)| path).collect()
}
