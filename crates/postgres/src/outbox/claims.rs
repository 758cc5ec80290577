//! Who hands a row over, and what becomes of it.

use avvivo_kernel::{EventId, Timestamp};
use uuid::Uuid;

use super::{Pending, PendingKind, errands::Errand};
use crate::{Conn, DbError};

/// Relays claim one after the other under an advisory lock a kind, for the millisecond a claim takes: otherwise two of them
/// could split an audience's events and publish them out of order. Keys of two numbers are the outbox's alone.
const CLAIM_LOCK: i32 = 0x6f75_7462;

/// Which rows a relay asks for. What waits for the bus, for the queue, and for each of those outside is handed over apart,
/// so that none of them, being away, keeps anything from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the bus is told.
    Events,
    /// What the queue is given.
    Jobs,
    /// What is done outside.
    Errands(Errand),
}

impl Kind {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "EVENT",
            Self::Jobs => "JOB",
            Self::Errands(errand) => errand.as_str(),
        }
    }

    fn lock(self) -> i32 {
        match self {
            Self::Events => 1,
            Self::Jobs => 2,
            Self::Errands(Errand::Mail) => 3,
            Self::Errands(Errand::Place) => 4,
        }
    }

    /// Returns when no other relay is claiming rows of this kind; none does until the transaction ends.
    async fn wait_for_turn(self, conn: &mut Conn) -> Result<(), DbError> {
        sqlx::query!(
            "SELECT pg_advisory_xact_lock($1, $2)",
            CLAIM_LOCK,
            self.lock()
        )
        .fetch_one(conn)
        .await?;
        Ok(())
    }
}

/// Claims up to `limit` rows of a kind until `until`, oldest first. Events of an audience come in their order: none is
/// claimed while an older one of its audience is with another relay or waits to be tried again.
pub async fn claim(
    conn: &mut Conn,
    kind: Kind,
    (now, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Pending>, DbError> {
    kind.wait_for_turn(conn).await?;
    let mut rows = sqlx::query_as!(
        PendingRow,
        r#"
        UPDATE outbox
        SET claimed_until = $2, attempts = attempts + 1
        -- An array and no IN: its rows are then found by their keys, not by reading the whole table.
        WHERE position = ANY(ARRAY(
            SELECT candidate.position
            FROM outbox AS candidate
            WHERE
                candidate.kind = $4::text::outbox_kind
                AND (candidate.claimed_until IS NULL OR candidate.claimed_until <= $1)
                AND candidate.next_attempt_at <= $1
                AND candidate.refused_at IS NULL
                AND NOT (
                    candidate.kind = 'EVENT'
                    AND EXISTS (
                        SELECT 1
                        FROM outbox AS older
                        WHERE
                            older.kind = 'EVENT'
                            AND older.destination = candidate.destination
                            AND older.position < candidate.position
                            AND older.refused_at IS NULL
                            AND (older.claimed_until > $1 OR older.next_attempt_at > $1)
                    )
                )
            ORDER BY candidate.position
            LIMIT $3
        ))
        RETURNING
            position,
            id,
            kind::text AS "kind!",
            destination,
            sequence,
            job_name,
            payload,
            traceparent,
            not_before,
            attempts,
            created_at
        "#,
        now,
        until,
        limit,
        kind.as_str(),
    )
    .fetch_all(conn)
    .await?;
    rows.sort_unstable_by_key(|row| row.position);
    Ok(rows.into_iter().map(Pending::from).collect())
}

struct PendingRow {
    position: i64,
    id: Uuid,
    kind: String,
    destination: String,
    sequence: Option<i64>,
    job_name: Option<String>,
    payload: Vec<u8>,
    traceparent: Option<String>,
    not_before: Option<Timestamp>,
    attempts: i32,
    created_at: Timestamp,
}

impl From<PendingRow> for Pending {
    fn from(row: PendingRow) -> Self {
        Self {
            id: row.id.into(),
            what: match (row.job_name, Errand::parse(&row.kind)) {
                (_, Some(errand)) => PendingKind::Errand {
                    errand,
                    about: row.destination,
                },
                // Only jobs have names; the table makes sure.
                (Some(name), None) => PendingKind::Job {
                    queue: row.destination,
                    name,
                    not_before: row.not_before,
                },
                (None, None) => PendingKind::Event {
                    audience: row.destination,
                    sequence: row.sequence.unwrap_or_default().unsigned_abs(),
                },
            },
            payload: row.payload,
            traceparent: row.traceparent,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            created_at: row.created_at,
        }
    }
}

/// Deletes rows that the bus or the queue has confirmed. Those that somebody else has deleted meanwhile are no matter.
pub async fn confirm(conn: &mut Conn, ids: &[EventId]) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM outbox WHERE id = ANY($1)", &uuids(ids))
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives rows back that were claimed and not tried: any relay may take them at once.
pub async fn release(conn: &mut Conn, ids: &[EventId]) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET claimed_until = NULL, attempts = greatest(attempts - 1, 0) WHERE id = ANY($1)",
        &uuids(ids)
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn uuids(ids: &[EventId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.as_uuid()).collect()
}

/// A row that could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// Which one.
    pub id: EventId,
    /// When to try again.
    pub next_attempt_at: Timestamp,
    /// Why it was not taken.
    pub reason: String,
}

/// Frees rows that could not be handed over, for another try when their time comes.
pub async fn postpone(conn: &mut Conn, rows: &[Postponed]) -> Result<(), DbError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.as_uuid()).collect();
    let times: Vec<Timestamp> = rows.iter().map(|row| row.next_attempt_at).collect();
    let reasons: Vec<String> = rows.iter().map(|row| row.reason.clone()).collect();
    sqlx::query!(
        r#"
        UPDATE outbox
        SET claimed_until = NULL, next_attempt_at = failed.next_attempt_at, last_error = failed.reason
        FROM unnest($1::uuid [], $2::timestamptz [], $3::text []) AS failed (id, next_attempt_at, reason)
        WHERE outbox.id = failed.id
        "#,
        &ids,
        &times,
        &reasons,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a row aside that will never be taken. It stays for people to look at.
pub async fn set_refused(
    conn: &mut Conn,
    id: EventId,
    reason: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET claimed_until = NULL, refused_at = $2, last_error = $3 WHERE id = $1",
        id.as_uuid(),
        now,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How far the outbox is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Rows that wait for the bus or the queue.
    pub waiting: i64,
    /// The age of the oldest of them, in milliseconds.
    pub oldest_ms: i64,
    /// Errands that wait.
    pub errands_waiting: i64,
    /// The age of the oldest of them, in milliseconds.
    pub errands_oldest_ms: i64,
    /// Rows of any kind that were set aside.
    pub refused: i64,
}

/// How far the outbox is behind.
pub async fn lag(conn: &mut Conn, now: Timestamp) -> Result<Lag, DbError> {
    let lag = sqlx::query_as!(
        Lag,
        r#"
        WITH counted AS (
            SELECT
                kind IN ('EVENT', 'JOB') AS is_ours,
                refused_at IS NOT NULL AS is_refused,
                count(*) AS count,
                (extract(EPOCH FROM $1 - min(created_at)) * 1000)::bigint AS oldest_ms
            FROM outbox
            GROUP BY 1, 2
        )

        SELECT
            coalesce(sum(count) FILTER (WHERE is_ours AND NOT is_refused), 0)::bigint AS "waiting!",
            coalesce(max(oldest_ms) FILTER (WHERE is_ours AND NOT is_refused), 0) AS "oldest_ms!",
            coalesce(sum(count) FILTER (WHERE NOT is_ours AND NOT is_refused), 0)::bigint AS "errands_waiting!",
            coalesce(max(oldest_ms) FILTER (WHERE NOT is_ours AND NOT is_refused), 0) AS "errands_oldest_ms!",
            coalesce(sum(count) FILTER (WHERE is_refused), 0)::bigint AS "refused!"
        FROM counted
        "#,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(lag)
}
