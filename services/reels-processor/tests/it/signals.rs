//! How it ends: killed, asked to leave, or done.

use avvivo_testkit::{Seen, wait_for};
use http::StatusCode;
use prost::Message as _;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{
    house::{House, PATIENCE, message},
    process::{Program, processes_naming, run},
    samples,
};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_nothing_runs_on_and_another_worker_finishes() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::heavy_video()).await;
    let program = Program::serve(house.environment()).await;
    let post = program.post(&house.token(), message(reel).encode_to_vec());
    let kill = async {
        house.rendering(reel).await;
        assert!(
            !processes_naming(house.temp.path()).is_empty(),
            "ffmpeg is at work"
        );
        program.signal(Signal::KILL);
        program.ended().await
    };
    let (answer, _) = tokio::join!(post, kill);
    assert!(answer.is_none(), "{answer:?}");
    wait_for("ffmpeg to be gone", PATIENCE, async || {
        let left = processes_naming(house.temp.path());
        if left.is_empty() {
            Seen::Done(())
        } else {
            Seen::NotYet(left)
        }
    })
    .await;
    assert_eq!(house.job_folders(), 1, "nobody has swept yet");
    assert_eq!(house.row(reel).await.status, "PROCESSING");
    // Instead of waiting for a minute.
    sqlx::query("UPDATE reels SET lease_until = now() WHERE id = $1")
        .bind(reel.as_uuid())
        .execute(house.db.pool())
        .await
        .unwrap();

    let other = house.processor().await;
    assert_eq!(house.job_folders(), 0, "the next one sweeps");
    let answer = other.ask(house.task(reel)).await;

    assert_eq!(answer.outcome(), "published");
    let row = house.row(reel).await;
    assert_eq!((row.status.as_str(), row.render_attempts), ("ACTIVE", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_leave_it_gives_the_reel_back() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::heavy_video()).await;
    let mut env = house.environment();
    env.insert("DRAIN_SECONDS", "0".to_owned());
    let program = Program::serve(env).await;
    let post = program.post(&house.token(), message(reel).encode_to_vec());
    let leave = async {
        house.rendering(reel).await;
        program.signal(Signal::TERM);
        program.ended().await
    };

    let (answer, status) = tokio::join!(post, leave);

    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body["code"], "service.stopping");
    assert!(status.success(), "{status}");
    let row = house.row(reel).await;
    assert_eq!(
        (row.status.as_str(), row.stage.as_deref()),
        ("PROCESSING", Some("REQUEUED"))
    );
    assert_eq!((row.lease_token, row.render_attempts), (None, 0));
    assert!(processes_naming(house.temp.path()).is_empty());
    assert_eq!(house.job_folders(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_fits_the_drain_time_is_published_and_no_other_is_begun() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let late = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;

    let leave = async {
        wait_for("the claim", PATIENCE, async || {
            let row = house.row(reel).await;
            if row.lease_token.is_some() {
                Seen::Done(())
            } else {
                Seen::NotYet(row)
            }
        })
        .await;
        running.lifecycle.stop();
        let refused = running.ask(house.task(late)).await;
        running.lifecycle.run_until_stopped().await.unwrap();
        refused
    };
    let (answer, refused) = tokio::join!(running.ask(house.task(reel)), leave);

    assert_eq!(answer.outcome(), "published");
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "service.stopping")
    );
    assert_eq!(house.row(late).await.render_attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_renders_what_waits_and_exits_well() {
    let house = House::open().await;
    let good = house.publish_video(&samples::short_video()).await;
    let text = NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(text.path(), "no video").unwrap();
    let bad = house.publish_video(text.path()).await;

    let (status, said) = run(&house.environment(), &["--once"]).await;

    assert!(status.success(), "{status}: {said}");
    assert_eq!(house.row(good).await.status, "ACTIVE");
    assert_eq!(house.row(bad).await.status, "HIDDEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_exits_badly_when_something_has_to_be_tried_again() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let mut env = house.environment();
    // Nobody listens on the discard port.
    env.insert("STORAGE_BASE_URL", "http://127.0.0.1:9".to_owned());

    let (status, _) = run(&env, &["--once"]).await;

    assert_eq!(status.code(), Some(1));
    let row = house.row(reel).await;
    assert_eq!(
        (row.status.as_str(), row.render_error_code.as_deref()),
        ("PROCESSING", Some("storage.unavailable"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_checked_without_starting_anything() {
    let house = House::open().await;
    let mut env = house.environment();
    let (sound, _) = run(&env, &["--check-config"]).await;
    assert!(sound.success());
    env.insert("REEL_WORKER_CONCURRENCY", "0".to_owned());
    env.insert("FFMPEG_PATH", "ffmpeg".to_owned());

    let (broken, said) = run(&env, &["--check-config"]).await;

    assert_eq!(broken.code(), Some(1));
    assert!(
        said.contains("REEL_WORKER_CONCURRENCY") && said.contains("FFMPEG_PATH"),
        "{said}"
    );
}
