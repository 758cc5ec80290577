//! The outbox: what a commit has to tell the world.
//!
//! Rows are written in the transaction that makes them true, claimed by a relay, and deleted when the bus or the queue has
//! confirmed them. A relay that dies leaves a claim that runs out.

use avvivo_contracts::events::v1::{Event, event::Payload};
use avvivo_kernel::{EventId, Timestamp};
use prost::Message as _;
use uuid::Uuid;

use crate::{Conn, DbError};

/// Relays claim one after the other under an advisory lock a kind, for the millisecond a claim takes: otherwise two of them
/// could split an audience's events and publish them out of order. Keys of two numbers are the outbox's alone.
const CLAIM_LOCK: i32 = 0x6f75_7462;

/// An event to announce.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Who may hear it.
    pub audience: String,
    /// What happened.
    pub payload: Payload,
    /// W3C trace context of what made it happen.
    pub traceparent: Option<String>,
}

/// Numbers an event within its audience and writes it, once for the relay and once into the history. The audience is locked
/// until the transaction ends, so its numbers follow the order of commits. Answers the number, which the event itself is
/// given when it is read.
pub async fn push_event(conn: &mut Conn, event: NewEvent, now: Timestamp) -> Result<u64, DbError> {
    let envelope = Event {
        id: event.id.to_string(),
        audience: event.audience.clone(),
        sequence: 0,
        occurred_at: Some(to_proto(now)),
        traceparent: event.traceparent.clone().unwrap_or_default(),
        payload: Some(event.payload),
    };
    let sequence = sqlx::query_scalar!(
        r#"
        WITH numbered AS (
            INSERT INTO audience_sequences (audience, last)
            VALUES ($2, 1)
            ON CONFLICT (audience) DO UPDATE SET last = audience_sequences.last + 1
            RETURNING last
        ),
        told AS (
            INSERT INTO audience_events (audience, sequence, event, created_at)
            SELECT $2, last, $3, $5 FROM numbered
        )
        INSERT INTO outbox (id, kind, destination, sequence, payload, traceparent, created_at, next_attempt_at)
        SELECT $1, 'EVENT', $2, last, $3, $4, $5, $5 FROM numbered
        RETURNING sequence AS "sequence!"
        "#,
        event.id.as_uuid(),
        event.audience,
        envelope.encode_to_vec(),
        event.traceparent,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(sequence.unsigned_abs())
}

/// The number of the last event of an audience that was committed; zero before the first.
pub async fn last_number(conn: &mut Conn, audience: &str) -> Result<u64, DbError> {
    let last = sqlx::query_scalar!(
        "SELECT last FROM audience_sequences WHERE audience = $1",
        audience
    )
    .fetch_optional(conn)
    .await?;
    Ok(last.map(i64::unsigned_abs).unwrap_or_default())
}

/// A job to hand to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The row's id.
    pub id: EventId,
    /// Which queue.
    pub queue: String,
    /// What makes the job this job.
    pub name: String,
    /// What the worker is told.
    pub payload: Vec<u8>,
    /// W3C trace context of what made it necessary.
    pub traceparent: Option<String>,
    /// Not to be started earlier.
    pub not_before: Option<Timestamp>,
}

/// Writes a job.
pub async fn push_job(conn: &mut Conn, job: &NewJob, now: Timestamp) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO outbox (
            id, kind, destination, job_name, payload, traceparent, not_before, created_at, next_attempt_at
        )
        VALUES ($1, 'JOB', $2, $3, $4, $5, $6, $7, $7)
        "#,
        job.id.as_uuid(),
        job.queue,
        job.name,
        job.payload,
        job.traceparent,
        job.not_before,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A claimed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its id.
    pub id: EventId,
    /// What it is.
    pub what: PendingKind,
    /// The encoded message.
    pub payload: Vec<u8>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// How often it has been tried, this time included.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What a claimed row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingKind {
    /// An event for this audience.
    Event {
        /// The audience.
        audience: String,
        /// Its number there.
        sequence: u64,
    },
    /// A job.
    Job {
        /// The queue's name.
        queue: String,
        /// The job's name.
        name: String,
        /// Not to be started earlier.
        not_before: Option<Timestamp>,
    },
}

/// Which rows a relay asks for. What waits for the bus and what waits for the queue are handed over apart, so that neither
/// of them, being away, keeps anything from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the bus is told.
    Events,
    /// What the queue is given.
    Jobs,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Events => "EVENT",
            Self::Jobs => "JOB",
        }
    }

    fn lock(self) -> i32 {
        match self {
            Self::Events => 1,
            Self::Jobs => 2,
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
            what: match row.job_name {
                // Only jobs have names; the table makes sure.
                Some(name) if row.kind == "JOB" => PendingKind::Job {
                    queue: row.destination,
                    name,
                    not_before: row.not_before,
                },
                _ => PendingKind::Event {
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

/// Deletes rows that the bus or the queue has confirmed.
pub async fn confirm(conn: &mut Conn, ids: &[EventId]) -> Result<(), DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    sqlx::query!("DELETE FROM outbox WHERE id = ANY($1)", &ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// Frees a row that could not be handed over, for another try at `next_attempt_at`.
pub async fn postpone(
    conn: &mut Conn,
    id: EventId,
    next_attempt_at: Timestamp,
    reason: &str,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE outbox SET claimed_until = NULL, next_attempt_at = $2, last_error = $3 WHERE id = $1",
        id.as_uuid(),
        next_attempt_at,
        reason,
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

/// How many rows wait, and the age of the oldest in milliseconds.
pub async fn lag(conn: &mut Conn, now: Timestamp) -> Result<(i64, i64), DbError> {
    let row = sqlx::query!(
        r#"
        SELECT
            count(*) AS "waiting!",
            coalesce(extract(EPOCH FROM $1 - min(created_at)) * 1000, 0)::bigint AS "oldest_ms!"
        FROM outbox
        WHERE refused_at IS NULL
        "#,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.waiting, row.oldest_ms))
}

fn to_proto(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
