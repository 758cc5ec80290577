//! Leases of periodic jobs: whoever holds the lease runs the job, and nobody else.

use avvivo_kernel::{LeaseToken, Timestamp};
use serde_json::Value;

use crate::{Conn, DbError};

/// Takes a job's lease until `until`, unless somebody else holds it.
pub async fn take(
    conn: &mut Conn,
    job: &str,
    holder: LeaseToken,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let done = sqlx::query!(
        r#"
        INSERT INTO job_leases (name, holder, until, last_started_at)
        VALUES ($1, $2, $4, $3)
        ON CONFLICT (name) DO UPDATE
        SET holder = EXCLUDED.holder, until = EXCLUDED.until, last_started_at = EXCLUDED.last_started_at
        WHERE job_leases.until IS NULL OR job_leases.until <= $3
        "#,
        job,
        holder.as_uuid(),
        now,
        until,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a lease back and notes how the run went. Does nothing when the lease is somebody else's by now.
pub async fn give_back(
    conn: &mut Conn,
    job: &str,
    holder: LeaseToken,
    outcome: Result<&Value, &str>,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE job_leases
        SET
            holder = NULL,
            until = NULL,
            last_finished_at = $3,
            last_report = coalesce($4, last_report),
            last_error = $5
        WHERE name = $1 AND holder = $2
        "#,
        job,
        holder.as_uuid(),
        now,
        outcome.ok(),
        outcome.err(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
