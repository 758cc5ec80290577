//! One relay: claims a batch, hands it over, confirms or postpones each row. Events and jobs go their own ways, so that a
//! queue that is away holds up nothing that the bus would take, nor the other way round.

use std::{sync::Arc, time::Duration};

use avvivo_kernel::{Clock, ErrorKind, EventId, Fault};
use avvivo_ports::{EventBus, Job, JobQueue, OutboundEvent, QueueName};
use avvivo_postgres::{
    Conn, Database, DbError,
    outbox::{self, Kind, Pending, PendingKind},
};
use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use opentelemetry::metrics::{Counter, Histogram};
use tokio_util::sync::CancellationToken;

use super::Nudge;
use crate::realtime::numbered;

/// How many events one claim takes, which the bus is given together: enough that a burst costs few round trips, few enough
/// that a dying relay holds up little.
const EVENTS_A_BATCH: u16 = 200;
/// How many jobs one claim takes: two rounds of [`JOBS_AT_ONCE`], which even a queue that lets every call run into its limit
/// of five seconds ends well within [`CLAIM_TTL`].
const JOBS_A_BATCH: u16 = 32;
/// How many jobs are handed over at once.
const JOBS_AT_ONCE: usize = 16;
/// How long a claim holds. Handing over a batch takes milliseconds, at worst the few seconds of the adapters' retries.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(30);
/// How often a relay looks without being woken: for rows that were postponed, and those of processes that died.
const IDLE_LOOK: Duration = Duration::from_secs(2);
/// The first wait after a failed hand-over; it doubles from there.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);
/// The longest wait: an outage should not delay anything for much longer than it lasts.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);
/// What is kept of an error.
const MAX_REASON_CHARS: usize = 300;

/// Hands over what was committed.
pub struct Relay {
    db: Database,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn EventBus>,
    queue: Arc<dyn JobQueue>,
    nudge: Nudge,
    meters: Meters,
}

/// Why a row was not taken.
struct NotTaken {
    /// Whether the same row may be taken later.
    again: bool,
    reason: String,
}

impl<F: Fault> From<F> for NotTaken {
    fn from(fault: F) -> Self {
        Self {
            again: fault.kind().is_transient() && fault.kind() != ErrorKind::Internal,
            reason: fault.to_string(),
        }
    }
}

struct Meters {
    refused: Counter<u64>,
    handed_over: Counter<u64>,
    retries: Counter<u64>,
    lag: Histogram<f64>,
}

impl Meters {
    fn new() -> Self {
        let meter = opentelemetry::global::meter("avvivo.outbox");
        Self {
            refused: meter
                .u64_counter("avvivo.outbox.refused")
                .with_description("Outbox rows that the bus or the queue will never take")
                .build(),
            handed_over: meter
                .u64_counter("avvivo.outbox.handed_over")
                .with_description("Outbox rows that the bus or the queue has confirmed")
                .build(),
            retries: meter
                .u64_counter("avvivo.outbox.retries")
                .with_description("Outbox rows that have to be handed over again")
                .build(),
            lag: meter
                .f64_histogram("avvivo.outbox.lag")
                .with_unit("s")
                .with_description("Time from writing an outbox row to its confirmation")
                .build(),
        }
    }
}

/// What draining did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrainReport {
    /// Rows that were confirmed.
    pub handed_over: usize,
    /// Rows that will be tried again.
    pub postponed: usize,
    /// Rows that will never be taken, set aside.
    pub refused: usize,
}

impl DrainReport {
    fn and(self, other: Self) -> Self {
        Self {
            handed_over: self.handed_over + other.handed_over,
            postponed: self.postponed + other.postponed,
            refused: self.refused + other.refused,
        }
    }
}

impl Relay {
    /// A relay that `nudge` wakes.
    pub fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        bus: Arc<dyn EventBus>,
        queue: Arc<dyn JobQueue>,
        nudge: Nudge,
    ) -> Self {
        Self {
            db,
            clock,
            bus,
            queue,
            nudge,
            meters: Meters::new(),
        }
    }

    /// Drains whenever woken, and every couple of seconds, until told to stop; then once more, so that nothing that this
    /// process has committed waits for another. Events and jobs are drained side by side, and neither waits for the other.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(
            self.keep_draining(Kind::Events, &stop),
            self.keep_draining(Kind::Jobs, &stop),
        );
    }

    async fn keep_draining(&self, kind: Kind, stop: &CancellationToken) {
        loop {
            // Asked before draining: what was committed while a drain was under way may have come too late for it.
            let last = stop.is_cancelled();
            if let Err(error) = self.drain_kind(kind).await {
                tracing::warn!(%error, outbox.kind = ?kind, "outbox could not be drained");
            }
            if last {
                return;
            }
            tokio::select! {
                () = self.nudge.woken(kind) => {}
                // Postponed rows become due, and rows of processes that died have nobody to wake us.
                () = tokio::time::sleep(IDLE_LOOK) => {}
                // One more drain, and that is the last.
                () = stop.cancelled() => {}
            }
        }
    }

    /// Hands over everything that is due.
    pub async fn drain(&self) -> Result<DrainReport, DbError> {
        let (events, jobs) =
            tokio::join!(self.drain_kind(Kind::Events), self.drain_kind(Kind::Jobs));
        Ok(events?.and(jobs?))
    }

    async fn drain_kind(&self, kind: Kind) -> Result<DrainReport, DbError> {
        let most = match kind {
            Kind::Events => EVENTS_A_BATCH,
            Kind::Jobs => JOBS_A_BATCH,
        };
        let mut total = DrainReport::default();
        loop {
            let batch = self.claim(kind, most).await?;
            let full = batch.len() >= usize::from(most);
            let outcomes = match kind {
                Kind::Events => self.publish(batch).await,
                Kind::Jobs => self.enqueue(batch).await,
            };
            total = total.and(self.settle(outcomes).await?);
            if !full {
                return Ok(total);
            }
        }
    }

    async fn claim(&self, kind: Kind, most: u16) -> Result<Vec<Pending>, DbError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let batch = outbox::claim(&mut tx, kind, (now, now + CLAIM_TTL), i64::from(most)).await?;
        tx.commit().await?;
        Ok(batch)
    }

    /// Forgets what was confirmed, and puts back what was not.
    async fn settle(
        &self,
        outcomes: Vec<(Pending, Result<(), NotTaken>)>,
    ) -> Result<DrainReport, DbError> {
        if outcomes.is_empty() {
            return Ok(DrainReport::default());
        }
        let (confirmed, failed): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|(_, outcome)| outcome.is_ok());
        let mut conn = self.db.acquire().await?;
        let ids: Vec<EventId> = confirmed.iter().map(|(row, _)| row.id).collect();
        outbox::confirm(&mut conn, &ids).await?;
        let now = self.clock.now();
        for (row, _) in &confirmed {
            let lag = now.signed_duration_since(row.created_at);
            self.meters.lag.record(lag.as_seconds_f64(), &[]);
        }
        self.meters
            .handed_over
            .add(u64::try_from(ids.len()).unwrap_or_default(), &[]);
        let mut report = DrainReport {
            handed_over: confirmed.len(),
            ..DrainReport::default()
        };
        for (row, outcome) in failed {
            let Err(trouble) = outcome else { continue };
            self.put_back(&mut conn, &row, trouble, &mut report).await?;
        }
        Ok(report)
    }

    /// Postpones a row that was not taken, or sets it aside when it never will be.
    async fn put_back(
        &self,
        conn: &mut Conn,
        row: &Pending,
        trouble: NotTaken,
        report: &mut DrainReport,
    ) -> Result<(), DbError> {
        let now = self.clock.now();
        let reason: String = trouble.reason.chars().take(MAX_REASON_CHARS).collect();
        if trouble.again {
            tracing::warn!(outbox.id = %row.id, attempts = row.attempts, reason, "outbox row postponed");
            self.meters.retries.add(1, &[]);
            report.postponed += 1;
            outbox::postpone(conn, row.id, now + wait_after(row.attempts), &reason).await
        } else {
            tracing::error!(outbox.id = %row.id, reason, "outbox row refused and set aside");
            self.meters.refused.add(1, &[]);
            report.refused += 1;
            outbox::set_refused(conn, row.id, &reason, now).await
        }
    }

    async fn publish(&self, rows: Vec<Pending>) -> Vec<(Pending, Result<(), NotTaken>)> {
        if rows.is_empty() {
            return Vec::new();
        }
        let events = rows.iter().filter_map(outbound).collect();
        let outcomes = self.bus.publish(events).await;
        rows.into_iter()
            .zip(outcomes)
            .map(|(row, outcome)| (row, outcome.map_err(NotTaken::from)))
            .collect()
    }

    async fn enqueue(&self, rows: Vec<Pending>) -> Vec<(Pending, Result<(), NotTaken>)> {
        stream::iter(rows)
            .map(|row| async {
                let outcome = match job(&row) {
                    Some(job) => self
                        .queue
                        .enqueue(&job)
                        .await
                        .map(drop)
                        .map_err(NotTaken::from),
                    None => Err(NotTaken {
                        again: false,
                        reason: "no queue of that name".to_owned(),
                    }),
                };
                (row, outcome)
            })
            .buffer_unordered(JOBS_AT_ONCE)
            .collect()
            .await
    }
}

fn outbound(row: &Pending) -> Option<OutboundEvent> {
    let PendingKind::Event { audience, sequence } = &row.what else {
        return None;
    };
    Some(OutboundEvent {
        id: row.id,
        audience: audience.clone(),
        payload: numbered(row.payload.clone(), *sequence).into(),
    })
}

fn job(row: &Pending) -> Option<Job> {
    let PendingKind::Job {
        queue,
        name,
        not_before,
    } = &row.what
    else {
        return None;
    };
    Some(Job {
        queue: QueueName::parse(queue)?,
        name: name.clone(),
        payload: row.payload.clone().into(),
        traceparent: row.traceparent.clone(),
        not_before: *not_before,
    })
}

fn wait_after(attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let factor = 1_i32.checked_shl(doublings).unwrap_or(i32::MAX);
    FIRST_WAIT
        .checked_mul(factor)
        .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<i64> = (1..=10)
            .map(|attempt| wait_after(attempt).num_milliseconds())
            .collect();
        assert_eq!(
            waits,
            [
                500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000
            ]
        );
    }
}
