//! The outbox: what a commit has to tell the world.
//!
//! Rows are written in the transaction that makes them true, claimed by a relay (or by their writer at once), and deleted
//! when the bus or the queue has confirmed them. A relay that dies leaves a claim that runs out.

mod claims;

use avvivo_contracts::events::v1::{Event, event::Payload};
use avvivo_kernel::{EventId, Timestamp};
use prost::Message as _;

use crate::{Conn, DbError, Transaction};

pub use claims::{Kind, Postponed, claim, confirm, lag, postpone, release, set_refused};

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
    /// Until when the relay of the process that writes it hands it over; none: whichever relay looks first.
    pub claimed_until: Option<Timestamp>,
}

/// What a transaction wrote to the outbox: what the relay of its process is told once it is committed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Events that nobody else takes while their claim holds.
    pub claimed: Vec<Pending>,
    /// Whether there are events that any relay may take.
    pub events: bool,
    /// Whether there are jobs.
    pub jobs: bool,
}

/// Numbers an event within its audience and writes it, once for the relay and once into the history. The audience is locked
/// until the transaction ends, so its numbers follow the order of commits. Answers the number, which the event itself is
/// given when it is read.
pub async fn push_event(
    tx: &mut Transaction,
    event: NewEvent,
    now: Timestamp,
) -> Result<u64, DbError> {
    let envelope = Event {
        id: event.id.to_string(),
        audience: event.audience.clone(),
        sequence: 0,
        occurred_at: Some(to_proto(now)),
        traceparent: event.traceparent.clone().unwrap_or_default(),
        payload: Some(event.payload),
    };
    let payload = envelope.encode_to_vec();
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
        INSERT INTO outbox (
            id, kind, destination, sequence, payload, traceparent, created_at, next_attempt_at, claimed_until, attempts
        )
        SELECT $1, 'EVENT', $2, last, $3, $4, $5, $5, $6, CASE WHEN $6::timestamptz IS NULL THEN 0 ELSE 1 END
        FROM numbered
        RETURNING sequence AS "sequence!"
        "#,
        event.id.as_uuid(),
        event.audience,
        payload,
        event.traceparent,
        now,
        event.claimed_until,
    )
    .fetch_one(&mut **tx)
    .await?
    .unsigned_abs();
    let written = tx.written_mut();
    if event.claimed_until.is_none() {
        written.events = true;
    } else {
        written.claimed.push(Pending {
            id: event.id,
            what: PendingKind::Event {
                audience: event.audience,
                sequence,
            },
            payload,
            traceparent: event.traceparent,
            attempts: 1,
            created_at: now,
        });
    }
    Ok(sequence)
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
pub async fn push_job(tx: &mut Transaction, job: &NewJob, now: Timestamp) -> Result<(), DbError> {
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
    .execute(&mut **tx)
    .await?;
    tx.written_mut().jobs = true;
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

fn to_proto(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
