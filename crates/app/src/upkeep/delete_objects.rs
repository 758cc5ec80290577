//! Files that nothing needs any more are deleted from the store.

use avvivo_domain::reels::LIFETIME;
use avvivo_ports::ObjectPath;
use avvivo_postgres::uploads;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{AppError, Deps};

/// How many a pass takes.
const BATCH: i64 = 200;
/// How many are deleted at once.
const AT_ONCE: usize = 8;

/// One pass: uploads that were confirmed over a day ago join the list, and what is due on it is deleted. Files of reels that
/// are still to be rendered stay.
pub async fn pass(deps: &Deps) -> Result<Value, AppError> {
    let now = deps.now();
    let mut conn = deps.db.acquire().await?;
    let unused = uploads::forget_unused(&mut conn, now - LIFETIME, BATCH).await?;
    let due = uploads::list_due_tombstones(&mut conn, now, BATCH).await?;
    drop(conn);
    let deleted: Vec<String> = stream::iter(due)
        .map(|path| async move {
            // One that cannot be deleted now stays on the list for the next pass.
            let outcome = deps.store.delete(&ObjectPath::new(path.as_str())).await;
            outcome.ok().map(|()| path)
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let mut conn = deps.db.acquire().await?;
    uploads::remove_tombstones(&mut conn, &deleted).await?;
    Ok(json!({"unused": unused, "deleted": deleted.len()}))
}
