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
    renders_waiting: AtomicI64,
    renders_oldest_seconds: AtomicI64,
}

/// Registers the gauges and keeps them up to date.
pub(crate) fn start(lifecycle: &Lifecycle, core: &Core, metrics: &Metrics) {
    let readings = Arc::new(Readings::default());
    let gauge = |name, unit, description, pick: fn(&Readings) -> &AtomicI64| {
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
    };
    gauge(
        "avvivo.outbox.waiting",
        "{row}",
        "Outbox rows that wait",
        |r| &r.outbox_waiting,
    );
    gauge(
        "avvivo.outbox.oldest",
        "ms",
        "Age of the oldest outbox row",
        |r| &r.outbox_oldest_ms,
    );
    gauge("avvivo.render.backlog", "{reel}", "Reels in process", |r| {
        &r.renders_waiting
    });
    gauge(
        "avvivo.render.backlog.age",
        "s",
        "Age of the oldest reel in process",
        |r| &r.renders_oldest_seconds,
    );
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
    let (waiting, oldest) = outbox::lag(&mut conn, now).await?;
    readings.outbox_waiting.store(waiting, Ordering::Relaxed);
    readings.outbox_oldest_ms.store(oldest, Ordering::Relaxed);
    let (waiting, oldest) = render::backlog(&mut conn, now).await?;
    readings.renders_waiting.store(waiting, Ordering::Relaxed);
    readings
        .renders_oldest_seconds
        .store(oldest, Ordering::Relaxed);
    Ok(())
}
