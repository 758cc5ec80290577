use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use avvivo_service_kit::{
    Lifecycle,
    health::{Down, HealthRegistry, Importance},
};

const SECOND: Duration = Duration::from_secs(1);

fn started() -> Lifecycle {
    let lifecycle = Lifecycle::new(SECOND);
    lifecycle.set_ready();
    lifecycle
}

#[tokio::test(start_paused = true)]
async fn a_required_dependency_decides_and_an_optional_one_does_not() {
    let lifecycle = started();
    let up = || async { Ok(()) };
    let down = || async { Err(Down::from("redis.unavailable")) };
    let registry = HealthRegistry::new(lifecycle.readiness())
        .with("postgres", Importance::Required, SECOND, up)
        .with("redis", Importance::Optional, SECOND, down);
    let report = registry.report().await;
    assert!(report.ready);
    assert_eq!(report.dependencies[1].code, Some("redis.unavailable"));

    let registry = HealthRegistry::new(lifecycle.readiness()).with(
        "redis",
        Importance::Required,
        SECOND,
        down,
    );
    let report = registry.report().await;
    assert!(!report.ready && report.accepting);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_is_down_in_time_and_delays_no_other() {
    let registry = HealthRegistry::new(started().readiness())
        .with("slow", Importance::Required, SECOND, pending)
        .with("slower", Importance::Required, 2 * SECOND, pending);
    let report = registry.report().await;
    let latencies: Vec<u64> = report
        .dependencies
        .iter()
        .map(|dependency| dependency.latency.as_secs())
        .collect();
    assert_eq!(latencies, [1, 2]);
    assert!(
        report
            .dependencies
            .iter()
            .all(|dependency| dependency.code == Some("timeout"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_probes_costs_one_round_of_checks() {
    let rounds = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&rounds);
    let registry = HealthRegistry::new(started().readiness()).with(
        "postgres",
        Importance::Required,
        SECOND,
        move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::task::yield_now().await;
                Ok(())
            }
        },
    );
    futures::future::join_all((0..50).map(|_| registry.report())).await;
    assert_eq!(rounds.load(Ordering::Relaxed), 1);
    tokio::time::advance(2 * SECOND).await;
    registry.report().await;
    assert_eq!(rounds.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn readiness_follows_the_life_of_the_process() {
    let lifecycle = Lifecycle::new(SECOND);
    let registry = HealthRegistry::new(lifecycle.readiness());
    assert!(!registry.report().await.ready, "not before the start");
    lifecycle.set_ready();
    assert!(registry.report().await.ready);
    lifecycle.stop();
    assert!(!registry.report().await.ready, "not on the way out");
}
