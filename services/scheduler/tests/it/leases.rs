//! However many schedulers there are, a job runs in one of them.

use serde_json::{Value, json};

use crate::world::World;

fn outcome(body: &Value) -> Option<&str> {
    body.get("outcome").and_then(Value::as_str)
}

#[tokio::test]
async fn while_one_scheduler_runs_a_job_the_other_does_not() {
    let world = World::new().await;
    let (one, other) = (world.scheduler().await, world.scheduler().await);
    let overdue = world.overdue_reel().await;
    let held = overdue.hold_up(&world).await;
    let meanwhile = async {
        world.somebody_waits().await;
        let (status, body) = other.start(&world, "expire-reels").await;
        assert_eq!((status, outcome(&body)), (200, Some("elsewhere")));
        // Other jobs are free.
        let (_, body) = other.start(&world, "requeue-stuck-reels").await;
        assert_eq!(outcome(&body), Some("ran"));
        drop(held);
    };
    let ((status, body), ()) = tokio::join!(one.start(&world, "expire-reels"), meanwhile);
    assert_eq!((status, outcome(&body)), (200, Some("ran")));
    assert_eq!(body.get("report"), Some(&json!({"expired": 1})));
    assert_eq!(world.status(overdue.reel).await, "EXPIRED");

    let (_, body) = other.start(&world, "expire-reels").await;
    assert_eq!(body.get("report"), Some(&json!({"expired": 0})));
}

#[tokio::test]
async fn the_lease_of_a_scheduler_that_died_runs_out() {
    let world = World::new().await;
    let running = world.scheduler().await;
    world
        .run(
            "INSERT INTO job_leases (name, holder, until)
             VALUES ('expire-reels', gen_random_uuid(), now() + interval '1 minute')",
        )
        .await;
    let (_, body) = running.start(&world, "expire-reels").await;
    assert_eq!(outcome(&body), Some("elsewhere"));
    world.run("UPDATE job_leases SET until = now()").await;
    let (_, body) = running.start(&world, "expire-reels").await;
    assert_eq!(outcome(&body), Some("ran"));
}

#[tokio::test]
async fn a_job_that_fails_says_so_and_can_be_started_again_at_once() {
    let world = World::new().await;
    let running = world.scheduler().await;
    world.run("ALTER TABLE reels RENAME TO lost_reels").await;

    let (status, body) = running.start(&world, "expire-reels").await;

    assert_eq!((status, body.get("code")), (500, Some(&json!("internal"))));
    // What went wrong is for the log and for whoever looks at the table, not for callers.
    assert!(!body.to_string().contains("reels"), "{body}");
    let noted = "SELECT last_error FROM job_leases WHERE name = 'expire-reels' AND holder IS NULL";
    assert_eq!(
        world.text(noted).await.as_deref(),
        Some("the statement failed")
    );

    world.run("ALTER TABLE lost_reels RENAME TO reels").await;
    let (status, body) = running.start(&world, "expire-reels").await;
    assert_eq!((status, outcome(&body)), (200, Some("ran")));
    assert_eq!(world.text(noted).await, None);
}
