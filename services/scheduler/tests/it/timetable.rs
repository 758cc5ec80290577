//! The loop of a single host.

use avvivo_testkit::{Seen, wait_for};
use tokio::task::JoinSet;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn the_loop_expires_a_reel_and_ends_when_told() {
    let world = World::new().await;
    let overdue = world.overdue_reel().await;
    let running = world.scheduler().await;
    running.scheduler.start_loop(&running.lifecycle);

    wait_for("the reel to expire", PATIENCE, async || {
        match world.status(overdue.reel).await.as_str() {
            "EXPIRED" => Seen::Done(()),
            other => Seen::NotYet(other.to_owned()),
        }
    })
    .await;

    running.lifecycle.stop();
    let mut ending = JoinSet::new();
    let lifecycle = running.lifecycle.clone();
    ending.spawn(async move { lifecycle.run_until_stopped().await });
    let ended = tokio::time::timeout(PATIENCE, ending.join_all())
        .await
        .unwrap();
    assert_eq!(ended, [Ok(())]);
    let held = "SELECT count(holder)::text FROM job_leases";
    assert_eq!(world.text(held).await.as_deref(), Some("0"));
}
