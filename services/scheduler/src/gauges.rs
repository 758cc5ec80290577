//! Lags and backlogs, read from the database now and then for the metrics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use avvivo_postgres::{Database, DbError, outbox, reels::render};
use avvivo_service_kit::{Lifecycle, Metrics};
use avvivo_wiring::Core;

/// Often enough for an alert, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Readings {
    outbox_waiting: AtomicI64,
    outbox_oldest_ms: AtomicI64,
    outbox_refused: AtomicI64,
    errands_waiting: AtomicI64,
    errands_oldest_ms: AtomicI64,
    renders_waiting: AtomicI64,
    renders_oldest_seconds: AtomicI64,
}

/// Name, unit, description, and which reading it is.
type Gauge = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Readings) -> &AtomicI64,
);

const GAUGES: [Gauge; 7] = [
    (
        "avvivo.outbox.waiting",
        "{row}",
        "Outbox rows that wait for the bus or the queue",
        |r| &r.outbox_waiting,
    ),
    (
        "avvivo.outbox.oldest",
        "ms",
        "Age of the oldest of them",
        |r| &r.outbox_oldest_ms,
    ),
    (
        "avvivo.outbox.parked",
        "{row}",
        "Outbox rows that nobody will take, for people to look at",
        |r| &r.outbox_refused,
    ),
    (
        "avvivo.errands.waiting",
        "{row}",
        "Mails and look-ups on the map that wait",
        |r| &r.errands_waiting,
    ),
    (
        "avvivo.errands.oldest",
        "ms",
        "Age of the oldest of them",
        |r| &r.errands_oldest_ms,
    ),
    ("avvivo.render.backlog", "{reel}", "Reels in process", |r| {
        &r.renders_waiting
    }),
    (
        "avvivo.render.backlog.age",
        "s",
        "Age of the oldest reel in process",
        |r| &r.renders_oldest_seconds,
    ),
];

/// Registers the gauges and keeps them up to date.
pub(crate) fn start(lifecycle: &Lifecycle, core: &Core, metrics: &Metrics) {
    let readings = Arc::new(Readings::default());
    for (name, unit, description, pick) in GAUGES {
        let readings = Arc::clone(&readings);
        metrics
            .meter("avvivo.scheduler")
            .i64_observable_gauge(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                observer.observe(pick(&readings).load(Ordering::Relaxed), &[]);
            })
            .build();
    }
    let (db, clock, stop) = (
        core.deps.db.clone(),
        Arc::clone(&core.deps.clock),
        lifecycle.stopping().clone(),
    );
    lifecycle.spawn("gauges", async move {
        while stop
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_some()
        {
            if let Err(error) = read(&db, clock.now(), &readings).await {
                tracing::debug!(%error, "the gauges keep their last readings");
            }
        }
    });
}

async fn read(
    db: &Database,
    now: avvivo_kernel::Timestamp,
    readings: &Readings,
) -> Result<(), DbError> {
    let mut conn = db.acquire().await?;
    let lag = outbox::lag(&mut conn, now).await?;
    for (reading, value) in [
        (&readings.outbox_waiting, lag.waiting),
        (&readings.outbox_oldest_ms, lag.oldest_ms),
        (&readings.outbox_refused, lag.refused),
        (&readings.errands_waiting, lag.errands_waiting),
        (&readings.errands_oldest_ms, lag.errands_oldest_ms),
    ] {
        reading.store(value, Ordering::Relaxed);
    }
    let (waiting, oldest) = render::backlog(&mut conn, now).await?;
    readings.renders_waiting.store(waiting, Ordering::Relaxed);
    readings
        .renders_oldest_seconds
        .store(oldest, Ordering::Relaxed);
    Ok(())
}
