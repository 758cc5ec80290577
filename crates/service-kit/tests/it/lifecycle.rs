use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use avvivo_service_kit::Lifecycle;
use tokio::time::Instant;

const DRAIN: Duration = Duration::from_secs(8);

#[tokio::test(start_paused = true)]
async fn a_task_that_heeds_stopping_ends_the_service_at_once() {
    let lifecycle = Lifecycle::new(DRAIN);
    let stopping = lifecycle.stopping().clone();
    lifecycle.spawn("loop", async move { stopping.cancelled().await });
    lifecycle.stop();
    let began = Instant::now();
    lifecycle.run_until_stopped().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn work_in_hand_is_finished_within_the_drain() {
    let lifecycle = Lifecycle::new(DRAIN);
    let done = Arc::new(AtomicBool::new(false));
    let (flag, stopping) = (Arc::clone(&done), lifecycle.stopping().clone());
    lifecycle.spawn("render", async move {
        stopping.cancelled().await;
        tokio::time::sleep(Duration::from_secs(7)).await;
        flag.store(true, Ordering::Relaxed);
    });
    lifecycle.stop();
    lifecycle.run_until_stopped().await.unwrap();
    assert!(done.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn after_the_drain_a_task_can_give_back_what_it_holds() {
    let lifecycle = Lifecycle::new(DRAIN);
    let given_back = Arc::new(AtomicBool::new(false));
    let (flag, cancelled) = (Arc::clone(&given_back), lifecycle.cancelled().clone());
    lifecycle.spawn("render", async move {
        cancelled.cancelled().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        flag.store(true, Ordering::Relaxed);
    });
    lifecycle.stop();
    let began = Instant::now();
    lifecycle.run_until_stopped().await.unwrap();
    assert!(given_back.load(Ordering::Relaxed));
    assert!(began.elapsed() >= DRAIN);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_heeds_nothing_is_dropped_before_the_platform_kills() {
    let lifecycle = Lifecycle::new(DRAIN);
    lifecycle.spawn("deaf", pending::<()>());
    lifecycle.stop();
    let began = Instant::now();
    lifecycle.run_until_stopped().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(9_500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_fails_or_panics_takes_the_service_down() {
    async fn failure(spawn: impl FnOnce(&Lifecycle)) -> String {
        let lifecycle = Lifecycle::new(DRAIN);
        spawn(&lifecycle);
        lifecycle.run_until_stopped().await.unwrap_err().to_string()
    }
    let ended = failure(|lifecycle| lifecycle.spawn("relay", async {})).await;
    assert_eq!(ended, "task relay ended though it should go on");
    let failed =
        failure(|lifecycle| lifecycle.spawn("relay", async { Err::<(), _>("no bus") })).await;
    assert_eq!(failed, "task relay failed: no bus");
    let panicked = failure(|lifecycle| {
        lifecycle.spawn("relay", async {
            assert_eq!(1, 2, "arithmetic");
        });
    })
    .await;
    assert!(panicked.starts_with("task relay panicked: "), "{panicked}");
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_is_the_one_reported() {
    let lifecycle = Lifecycle::new(DRAIN);
    lifecycle.spawn("bus", async { Err::<(), _>("gone") });
    let stopping = lifecycle.stopping().clone();
    lifecycle.spawn("relay", async move {
        stopping.cancelled().await;
        Err::<(), _>("no bus to flush to")
    });
    let failure = lifecycle.run_until_stopped().await.unwrap_err();
    assert_eq!(failure.task, "bus");
}
