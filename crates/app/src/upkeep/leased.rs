//! One instance at a time runs a job, however many schedulers there are.

use std::future::Future;

use avvivo_postgres::leases;
use chrono::TimeDelta;
use serde_json::Value;

use crate::{AppError, Deps};

/// How a run went.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It ran, and this is what it did.
    Ran(Value),
    /// Somebody else is running it.
    Elsewhere,
}

/// Runs `job` under the lease `name`, which lasts for `ttl` at the most: longer than the job can take.
pub async fn leased<F>(deps: &Deps, name: &str, ttl: TimeDelta, job: F) -> Result<Outcome, AppError>
where
    F: Future<Output = Result<Value, AppError>>,
{
    let holder = deps.ids.uuid().into();
    let now = deps.now();
    let mut conn = deps.db.acquire().await?;
    if !leases::take(&mut conn, name, holder, now, now + ttl).await? {
        return Ok(Outcome::Elsewhere);
    }
    drop(conn);
    let result = job.await;
    let mut conn = deps.db.acquire().await?;
    let error = result.as_ref().err().map(ToString::to_string);
    let noted = match (&result, &error) {
        (Ok(report), _) => Ok(report),
        (Err(_), error) => Err(error.as_deref().unwrap_or_default()),
    };
    leases::give_back(&mut conn, name, holder, noted, deps.now()).await?;
    result.map(Outcome::Ran)
}
