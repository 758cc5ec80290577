//! Command line, exit codes, signals.

use std::time::{Duration, Instant};

use avvivo_testkit::free_port;
use serde_json::{Value, json};

use crate::{
    program::{Program, run},
    world::World,
};

/// The drain time of these programs, and a moment to start and end.
const DRAINED: Duration = Duration::from_secs(5 + 5);

#[tokio::test]
async fn once_runs_a_job_prints_its_report_and_ends_with_zero() {
    let world = World::new().await;
    let overdue = world.overdue_reel().await;
    let (code, out, err) = run(&world.settings(), &["--once", "expire-reels"]).await;
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(out.trim()).unwrap();
    let expected = json!({"job": "expire-reels", "outcome": "ran", "report": {"expired": 1}});
    assert_eq!(report, expected);
    assert_eq!(world.status(overdue.reel).await, "EXPIRED");
}

#[tokio::test]
async fn once_ends_with_zero_when_somebody_else_runs_the_job() {
    let world = World::new().await;
    world
        .run(
            "INSERT INTO job_leases (name, holder, until)
             VALUES ('expire-reels', gen_random_uuid(), now() + interval '1 minute')",
        )
        .await;
    let (code, out, _) = run(&world.settings(), &["--once", "expire-reels"]).await;
    assert_eq!((code, out.contains("elsewhere")), (Some(0), true));
}

#[tokio::test]
async fn once_ends_with_one_and_says_why_when_the_job_fails() {
    let world = World::new().await;
    let mut settings = world.settings();
    let nowhere = format!("postgres://app@127.0.0.1:{}/app", free_port().unwrap());
    settings.insert("DATABASE_URL", nowhere);
    settings.insert("RUST_LOG", "info".to_owned());
    let (code, out, err) = run(&settings, &["--once", "expire-reels"]).await;
    assert_eq!(code, Some(1));
    let said = out + &err;
    assert!(said.contains("the database is unavailable"), "{said}");
}

#[tokio::test]
async fn once_names_the_jobs_there_are_to_whoever_misspells_one() {
    let world = World::new().await;
    let (code, _, err) = run(&world.settings(), &["--once", "expire-reals"]).await;
    assert_eq!(code, Some(2));
    for job in avvivo_scheduler::jobs::JOBS {
        assert!(err.contains(job.name), "{err}");
    }
}

#[tokio::test]
async fn prepare_makes_schema_and_queue_and_may_be_repeated() {
    let world = World::new().await;
    world
        .run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .await;
    let mut settings = world.settings();
    for concurrency in [3, 5] {
        settings.insert("REEL_RENDER_CONCURRENCY", concurrency.to_string());
        let (code, out, err) = run(&settings, &["--prepare"]).await;
        assert_eq!(code, Some(0), "{err}");
        let done: Value = serde_json::from_str(out.trim()).unwrap();
        assert_eq!(
            done,
            json!({"schema": "up to date", "queue": "reel-render"})
        );
        let queue = world.queue().await;
        assert_eq!(queue["rateLimits"]["maxConcurrentDispatches"], concurrency);
        assert_eq!(queue["retryConfig"]["maxAttempts"], 20);
    }
    let reels = world.text("SELECT count(*)::text FROM reels").await;
    assert_eq!(reels.as_deref(), Some("0"));
}

#[tokio::test]
async fn prepare_ends_with_one_when_the_queue_is_away() {
    let world = World::new().await;
    let mut settings = world.settings();
    let nowhere = format!("http://127.0.0.1:{}", free_port().unwrap());
    settings.insert("CLOUD_TASKS_BASE_URL", nowhere);
    let (code, out, _) = run(&settings, &["--prepare"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
}

#[tokio::test]
async fn every_problem_of_the_configuration_is_told_at_once() {
    let world = World::new().await;
    let mut settings = world.settings();
    settings.remove("DATABASE_URL");
    settings.insert("PORT", "many".to_owned());
    settings.insert("SCHEDULER_LOOP", "perhaps".to_owned());
    settings.insert("DRAIN_SECONDS", "-1".to_owned());
    for arguments in [&["--check-config"][..], &[]] {
        let (code, out, err) = run(&settings, arguments).await;
        assert_eq!((code, out.as_str()), (Some(1), ""));
        for variable in ["DATABASE_URL", "PORT", "SCHEDULER_LOOP", "DRAIN_SECONDS"] {
            assert!(err.contains(variable), "{err}");
        }
    }
}

#[tokio::test]
async fn a_sound_configuration_is_printed_without_its_secrets() {
    let world = World::new().await;
    let mut settings = world.settings();
    settings.insert(
        "DATABASE_URL",
        "postgres://app:geheim@nowhere/app".to_owned(),
    );
    let (code, out, _) = run(&settings, &["--check-config"]).await;
    assert_eq!(code, Some(0));
    assert!(
        out.contains("SCHEDULER_CALLERS") && out.contains("DATABASE_URL"),
        "{out}"
    );
    assert!(!out.contains("geheim"), "{out}");
}

#[tokio::test]
async fn told_to_end_it_finishes_the_job_in_hand_and_ends_with_zero() {
    let world = World::new().await;
    let overdue = world.overdue_reel().await;
    let mut idle = Program::serve(world.settings()).await;
    let mut busy = Program::serve(world.settings()).await;
    let held = overdue.hold_up(&world).await;
    let job = busy.start(&world.token(), "expire-reels");
    let told = Instant::now();
    let ending = async {
        world.somebody_waits().await;
        busy.terminate();
        idle.terminate();
        assert_eq!(idle.ends_within(DRAINED).await, Some(0));
        drop(held);
    };
    let ((status, body), ()) = tokio::join!(job, ending);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""expired":1"#), "{body}");
    assert_eq!(busy.ends_within(DRAINED).await, Some(0));
    assert!(told.elapsed() < DRAINED);
    assert_eq!(world.status(overdue.reel).await, "EXPIRED");
}
