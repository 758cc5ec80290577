//! One relay: takes a batch from memory or from the table, hands it over, confirms or postpones each row. Events, jobs and
//! errands go their own ways, so that a queue that is away holds up nothing that the bus would take, nor the other way round.

mod errands;
mod meters;
mod settling;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use avvivo_kernel::Clock;
use avvivo_ports::{EventBus, Job, JobQueue, OutboundEvent, QueueName};
use avvivo_postgres::{
    Database, DbError,
    outbox::{self, Kind, Pending, PendingKind, errands::Errand},
};
use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{meters::Meters, settling::Answered};
use super::{
    NotTaken,
    nudge::{Batch, Nudge},
};
use crate::realtime::numbered;

pub use errands::Errands;
pub use settling::DrainReport;

/// How many events are published together: enough that a burst costs few round trips, few enough that a dying relay holds up
/// little.
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
/// How long what was published from memory stays in the table, so that one statement forgets many. Whoever dies meanwhile
/// has it published again.
const SETTLE_EVERY: Duration = Duration::from_millis(50);
/// Batches that were published and are still in the table. While there are more, nothing is published from memory.
const UNSETTLED_BATCHES: usize = 64;

/// Hands over what was committed.
pub struct Relay {
    db: Database,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn EventBus>,
    queue: Arc<dyn JobQueue>,
    nudge: Nudge,
    errands: Option<Errands>,
    meters: Meters,
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
            errands: None,
            meters: Meters::new(),
        }
    }

    /// Hands over what this process commits, and drains the table whenever woken, and every couple of seconds, until told to
    /// stop; then once more, so that nothing that this process has committed waits for another. Events, jobs and each kind of
    /// errand are drained side by side, and none waits for another. Errands are not drained once more: others run them.
    pub async fn run(&self, stop: CancellationToken) {
        let (answered, unsettled) = mpsc::channel(UNSETTLED_BATCHES);
        tokio::join!(
            self.keep_draining(Kind::Events, &stop),
            self.keep_draining(Kind::Jobs, &stop),
            self.keep_publishing(&stop, answered),
            self.keep_settling(unsettled),
            self.keep_running(Errand::Mail, &stop),
            self.keep_running(Errand::Place, &stop),
        );
    }

    async fn keep_draining(&self, kind: Kind, stop: &CancellationToken) {
        loop {
            // Asked before draining: what was committed while a drain was under way may have come too late for it.
            let last = stop.is_cancelled();
            match (kind, self.drain_kind(kind).await) {
                (Kind::Events, Ok(report)) if report.postponed == 0 => {
                    self.nudge.open(self.clock.now());
                }
                (_, Ok(_)) => {}
                (_, Err(error)) => {
                    tracing::warn!(%error, outbox.kind = ?kind, "outbox could not be drained");
                }
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

    /// Publishes what this process commits, one batch after the other; while one is under way, the next gathers.
    async fn keep_publishing(&self, stop: &CancellationToken, answered: mpsc::Sender<Answered>) {
        while !stop.is_cancelled() {
            self.publish_from_memory(&answered).await;
            tokio::select! {
                () = self.nudge.handed() => {}
                () = stop.cancelled() => {}
            }
        }
        self.publish_from_memory(&answered).await;
        // Transactions under way have claimed events for us, and commit in less than this. Others hand them over.
        self.nudge.shut();
        tokio::time::sleep(SETTLE_EVERY).await;
        self.publish_from_memory(&answered).await;
    }

    async fn publish_from_memory(&self, answered: &mpsc::Sender<Answered>) {
        while let Some(batch) = self.nudge.take(usize::from(EVENTS_A_BATCH)) {
            let answers = match batch {
                Batch::Publish(events) => {
                    let now = self.clock.now();
                    let waited = |at| self.meters.waited(at, now);
                    let rows = events.into_iter().map(|event| {
                        waited(event.at);
                        event.row
                    });
                    self.publish(rows.collect()).await
                }
                Batch::GiveBack(back) => Answered::untried(back),
            };
            if answers.any_failed() {
                // Before anything else is taken: it would overtake these.
                self.nudge.close();
            }
            if answered.send(answers).await.is_err() {
                // Never: whoever settles goes on until we have left.
                return;
            }
        }
    }

    /// Settles what was published from memory, many batches at once. What cannot be settled waits for the end of its claim.
    async fn keep_settling(&self, mut unsettled: mpsc::Receiver<Answered>) {
        while let Some(mut answered) = unsettled.recv().await {
            tokio::time::sleep(SETTLE_EVERY).await;
            while let Ok(more) = unsettled.try_recv() {
                answered.add(more);
            }
            let (taken, given_back) = (answered.len(), answered.any_untried());
            if let Err(error) = self.settle(answered).await {
                tracing::warn!(%error, taken, "handed over and not forgotten: will be told again");
            }
            self.nudge.settled(taken, given_back);
        }
    }

    /// Hands over everything in the table that is due, and runs some errands.
    pub async fn drain(&self) -> Result<DrainReport, DbError> {
        let (events, jobs, mails, places) = tokio::join!(
            self.drain_kind(Kind::Events),
            self.drain_kind(Kind::Jobs),
            Box::pin(self.run_some(Errand::Mail)),
            Box::pin(self.run_some(Errand::Place)),
        );
        Ok(events?.and(jobs?).and(mails?).and(places?))
    }

    async fn drain_kind(&self, kind: Kind) -> Result<DrainReport, DbError> {
        let most = match kind {
            Kind::Events => EVENTS_A_BATCH,
            Kind::Jobs => JOBS_A_BATCH,
            Kind::Errands(_) => errands::A_BATCH,
        };
        let mut total = DrainReport::default();
        loop {
            let batch = self.claim(kind, most).await?;
            let full = batch.len() >= usize::from(most);
            let answered = match kind {
                Kind::Events => self.publish(batch).await,
                Kind::Jobs => self.enqueue(batch).await,
                Kind::Errands(errand) => Box::pin(self.run_all(errand, batch)).await,
            };
            let report = self.settle(answered).await?;
            total = total.and(report);
            // Where whom errands are for is away, the next few are tried at the next look and not all of them now.
            let is_away = matches!(kind, Kind::Errands(_)) && report.postponed > 0;
            if !full || is_away {
                return Ok(total);
            }
        }
    }

    async fn claim(&self, kind: Kind, most: u16) -> Result<Vec<Pending>, DbError> {
        let now = self.clock.now();
        let until = match kind {
            Kind::Events | Kind::Jobs => now + CLAIM_TTL,
            Kind::Errands(_) => now + errands::CLAIM_TTL,
        };
        let mut tx = self.db.begin().await?;
        let batch = outbox::claim(&mut tx, kind, (now, until), i64::from(most)).await?;
        tx.commit().await?;
        Ok(batch)
    }

    async fn publish(&self, rows: Vec<Pending>) -> Answered {
        if rows.is_empty() {
            return Answered::default();
        }
        let events = rows.iter().filter_map(outbound).collect();
        let began = Instant::now();
        let answers = self.bus.publish(events).await;
        let took = began.elapsed();
        let answers = answers.into_iter().map(|answer| {
            answer
                .inspect(|()| self.meters.published(took))
                .map_err(NotTaken::from)
        });
        self.sort(rows.into_iter().zip(answers))
    }

    async fn enqueue(&self, rows: Vec<Pending>) -> Answered {
        let answers: Vec<_> = stream::iter(rows)
            .map(|row| async {
                let outcome = match job(&row) {
                    Some(job) => self
                        .queue
                        .enqueue(&job)
                        .await
                        .map(drop)
                        .map_err(NotTaken::from),
                    None => Err(NotTaken::never("no queue of that name")),
                };
                (row, outcome)
            })
            .buffer_unordered(JOBS_AT_ONCE)
            .collect()
            .await;
        self.sort(answers)
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
