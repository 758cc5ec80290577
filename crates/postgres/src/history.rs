//! What audiences were told lately (`audience_events`), and how far they are (`audience_sequences`).

use std::collections::HashMap;

use avvivo_kernel::Timestamp;

use crate::{Conn, DbError};

/// An event as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number in its audience.
    pub sequence: u64,
    /// The encoded event, without its number.
    pub event: Vec<u8>,
}

/// The number of the last event of each audience that has one.
pub async fn heads(conn: &mut Conn, audiences: &[String]) -> Result<HashMap<String, u64>, DbError> {
    let rows = sqlx::query!(
        "SELECT audience, last FROM audience_sequences WHERE audience = ANY($1)",
        audiences
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.audience, row.last.unsigned_abs()))
        .collect())
}

/// Events of an audience with higher numbers than `after`, in order, at most `limit`.
pub async fn list_after(
    conn: &mut Conn,
    audience: &str,
    after: u64,
    limit: i64,
) -> Result<Vec<Told>, DbError> {
    let rows = sqlx::query!(
        r#"
        SELECT sequence, event
        FROM audience_events
        WHERE audience = $1 AND sequence > $2
        ORDER BY sequence
        LIMIT $3
        "#,
        audience,
        i64::try_from(after).unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Told {
            sequence: row.sequence.unsigned_abs(),
            event: row.event,
        })
        .collect())
}

/// Forgets events from before a moment, the oldest first, at most `limit`. Answers how many.
pub async fn forget(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        r#"
        WITH old AS (
            SELECT audience, sequence
            FROM audience_events
            WHERE created_at < $1
            ORDER BY created_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM audience_events AS e
        USING old
        WHERE e.audience = old.audience AND e.sequence = old.sequence
        "#,
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
