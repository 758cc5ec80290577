//! The outbox: what a commit has to tell the world.
//!
//! Rows are written in the transaction that makes them true, claimed by a relay (or by their writer at once), and deleted
//! when the bus, the queue or whom an errand is for has confirmed them. A relay that dies leaves a claim that runs out.

mod claims;
pub mod errands;

use std::collections::HashMap;

use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, event::Payload},
};
use avvivo_kernel::{EventId, Timestamp};
use prost::Message as _;
use uuid::Uuid;

use crate::{Conn, DbError, Transaction};

pub use claims::{Kind, Lag, Postponed, claim, confirm, lag, postpone, release, set_refused};

/// An event to announce.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Who may hear it.
    pub audience: Audience,
    /// What happened.
    pub payload: Payload,
    /// W3C trace context of what made it happen.
    pub traceparent: Option<String>,
}

/// What events that are written together have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// When they happened.
    pub at: Timestamp,
    /// Until when the relay of the process that writes them hands them over; none: whichever relay looks first.
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
    /// Whether there are errands.
    pub errands: bool,
}

impl Written {
    pub(crate) fn add(&mut self, other: Self) {
        self.claimed.extend(other.claimed);
        self.events |= other.events;
        self.jobs |= other.jobs;
        self.errands |= other.errands;
    }
}

/// Events that were written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The number of each in its audience.
    pub numbers: HashMap<EventId, u64>,
    /// What the relay is told, once they are committed.
    pub written: Written,
}

/// Runs a statement that tells: numbers events within their audiences and writes them, once for relays and once into the
/// history. What comes before (`$head`, ended by a comma) makes `told` of them: `place`, `id`, `audience`, `event` and
/// `traceparent`. The first two parameters are those of [`Occasion`].
///
/// Audiences are locked by their names until the transaction ends, so their numbers follow the order of commits.
macro_rules! tell {
    ($head:literal, $occasion:expr $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::outbox::Numbered,
            $head + r#"
            numbered AS (
                INSERT INTO audience_sequences (audience, last)
                SELECT audience, count(*) FROM told GROUP BY audience ORDER BY audience
                ON CONFLICT (audience) DO UPDATE SET last = audience_sequences.last + EXCLUDED.last
                RETURNING audience, last
            ),
            placed AS (
                SELECT
                    told.*,
                    numbered.last - count(*) OVER (PARTITION BY told.audience)
                    + row_number() OVER (PARTITION BY told.audience ORDER BY told.place) AS sequence
                FROM told
                JOIN numbered ON numbered.audience = told.audience
            ),
            kept AS (
                INSERT INTO audience_events (audience, sequence, event, created_at)
                SELECT audience, sequence, event, $1 FROM placed
            )
            INSERT INTO outbox (
                id, kind, destination, sequence, payload, traceparent, created_at, next_attempt_at, claimed_until, attempts
            )
            SELECT
                id, 'EVENT', audience, sequence, event, traceparent, $1, $1, $2,
                CASE WHEN $2::timestamptz IS NULL THEN 0 ELSE 1 END
            FROM placed
            ORDER BY place
            RETURNING id, sequence AS "sequence!"
            "#,
            $occasion.at,
            $occasion.claimed_until
            $(, $argument)*
        )
    };
}

pub(crate) use tell;

/// An event's row, and its number.
pub(crate) struct Numbered {
    pub(crate) id: Uuid,
    pub(crate) sequence: i64,
}

/// Events, as statements take them.
#[derive(Default)]
pub(crate) struct Encoded {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) audiences: Vec<String>,
    pub(crate) events: Vec<Vec<u8>>,
    pub(crate) traceparents: Vec<Option<String>>,
}

impl Encoded {
    pub(crate) fn of<'a>(events: impl IntoIterator<Item = &'a NewEvent>, at: Timestamp) -> Self {
        let mut encoded = Self::default();
        for event in events {
            let audience = event.audience.to_string();
            let envelope = Event {
                id: event.id.to_string(),
                audience: audience.clone(),
                sequence: 0,
                occurred_at: Some(to_proto(at)),
                traceparent: event.traceparent.clone().unwrap_or_default(),
                payload: Some(event.payload.clone()),
            };
            encoded.ids.push(event.id.as_uuid());
            encoded.audiences.push(audience);
            encoded.events.push(envelope.encode_to_vec());
            encoded.traceparents.push(event.traceparent.clone());
        }
        encoded
    }

    /// What was written of them, by the rows that a statement returned.
    pub(crate) fn told(self, rows: Vec<Numbered>, occasion: Occasion) -> Told {
        let rows = rows.into_iter();
        let numbers: HashMap<EventId, u64> = rows
            .map(|row| (row.id.into(), row.sequence.unsigned_abs()))
            .collect();
        let mut written = Written::default();
        if occasion.claimed_until.is_none() {
            written.events = !numbers.is_empty();
            return Told { numbers, written };
        }
        let events = self.ids.into_iter().zip(self.audiences);
        let events = events.zip(self.events.into_iter().zip(self.traceparents));
        for ((id, audience), (payload, traceparent)) in events {
            if let Some(&sequence) = numbers.get(&id.into()) {
                written.claimed.push(Pending {
                    id: id.into(),
                    what: PendingKind::Event { audience, sequence },
                    payload,
                    traceparent,
                    attempts: 1,
                    created_at: occasion.at,
                });
            }
        }
        Told { numbers, written }
    }
}

/// Writes events. Each is given its number in its audience when it is read.
pub async fn push_events(
    tx: &mut Transaction,
    events: &[NewEvent],
    occasion: Occasion,
) -> Result<HashMap<EventId, u64>, DbError> {
    let encoded = Encoded::of(events, occasion.at);
    let rows = tell!(
        "
        WITH told AS (
            SELECT place, id, audience, event, traceparent
            FROM unnest($3::uuid [], $4::text [], $5::bytea [], $6::text [])
            WITH ORDINALITY AS told (id, audience, event, traceparent, place)
        ),
        ",
        occasion,
        &encoded.ids,
        &encoded.audiences,
        &encoded.events,
        &encoded.traceparents as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let Told { numbers, written } = encoded.told(rows, occasion);
    tx.note(written);
    Ok(numbers)
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
    tx.note(Written {
        jobs: true,
        ..Written::default()
    });
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
    /// Something to be done outside.
    Errand {
        /// What kind of errand.
        errand: errands::Errand,
        /// What it is about, for people who look.
        about: String,
    },
}

fn to_proto(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
