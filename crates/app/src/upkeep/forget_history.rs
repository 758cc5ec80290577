//! What audiences were told is kept for a while, and forgotten.

use avvivo_postgres::history;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{AppError, Deps};

/// How long what was told can be told again: a phone that was in a tunnel is back by then, and one that slept fetches anew.
pub const KEPT_FOR: TimeDelta = TimeDelta::minutes(15);
/// How many a statement takes.
const BATCH: i64 = 5_000;
/// How many statements a pass has.
const BATCHES: usize = 20;

/// One pass: the oldest first, in batches, so that nobody waits for a long transaction.
pub async fn pass(deps: &Deps) -> Result<Value, AppError> {
    let before = deps.now() - KEPT_FOR;
    let mut conn = deps.db.acquire().await?;
    let mut forgotten = 0;
    for _ in 0..BATCHES {
        let count = history::forget(&mut conn, before, BATCH).await?;
        forgotten += count;
        if i64::try_from(count).is_ok_and(|count| count < BATCH) {
            break;
        }
    }
    Ok(json!({"forgotten": forgotten}))
}
