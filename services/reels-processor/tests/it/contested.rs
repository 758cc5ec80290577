//! Reels that somebody else wants too, or that nobody wants any more.

use std::sync::Arc;

use avvivo_app::rendering::{
    claim_render::{self, Answer},
    complete_render,
};
use avvivo_ports::ObjectPath;
use avvivo_postgres::reels::render::Outputs;
use avvivo_testkit::{Seen, wait_for};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    house::{House, PATIENCE},
    process::processes_naming,
    samples,
    stores::{Twist, Twisted},
};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_renders_and_the_other_is_told_to_come_back() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::heavy_video()).await;
    let other_reel = house.publish_video(&samples::short_video()).await;
    let (first, second) = (house.processor().await, house.processor().await);

    let contest = async {
        house.rendering(reel).await;
        let busy = second.ask(house.task(reel)).await;
        let crowded = first.ask(house.task(other_reel)).await;
        house.hide(reel).await;
        (busy, crowded)
    };
    let (_, (busy, crowded)) = tokio::join!(first.ask(house.task(reel)), contest);

    assert_eq!(
        (busy.status, busy.code()),
        (StatusCode::CONFLICT, "render.busy")
    );
    let wait: u32 = busy.retry_after.unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        (crowded.status, crowded.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "render.crowded")
    );
    assert_eq!(house.row(other_reel).await.render_attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hide_during_processing_stays_hidden_and_ends_the_render_at_once() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::heavy_video()).await;
    let raw = house.row(reel).await.video_url;
    let running = house.processor().await;

    let hide = async {
        house.rendering(reel).await;
        house.hide(reel).await;
    };
    let (answer, ()) = tokio::join!(running.ask(house.task(reel)), hide);

    assert_eq!(
        (answer.status, answer.outcome()),
        (StatusCode::OK, "lease_lost")
    );
    let row = house.row(reel).await;
    assert_eq!((row.status.as_str(), row.video_url), ("HIDDEN", raw));
    assert!(house.stored_outputs().await.is_empty());
    assert!(processes_naming(house.temp.path()).is_empty());
    assert_eq!(house.job_folders(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_of_a_reel_that_was_hidden_at_the_last_moment_are_buried() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let twist = Twist::HideAfterUpload(house.db.pool().clone(), reel.as_uuid());
    let store = Twisted {
        inner: house.core.store.clone(),
        twist,
    };
    let running = house.processor_on(Arc::new(store)).await;

    let answer = running.ask(house.task(reel)).await;

    assert_eq!(answer.outcome(), "lease_lost");
    assert_eq!(house.row(reel).await.status, "HIDDEN");
    let stored = house.stored_outputs().await;
    assert_eq!(stored.len(), 2);
    assert_eq!(house.buried_outputs().await, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_twice_with_the_same_lease_changes_nothing() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let deps = &house.core.deps;
    let Answer::Go(assignment) = claim_render::run(deps, reel, 1).await.unwrap() else {
        panic!("the reel is free");
    };
    let url = deps
        .store
        .public_url(&ObjectPath::new("processed/reel.mp4"));
    let outputs = Outputs {
        video_url: Some(url),
        photo_urls: Vec::new(),
        thumbnail_url: None,
        duration_seconds: Some(2),
        report: json!({}),
    };
    complete_render::run(deps, &assignment, &outputs)
        .await
        .unwrap()
        .unwrap();
    let (row, events) = (house.row(reel).await, house.events().await.len());

    complete_render::run(deps, &assignment, &outputs)
        .await
        .unwrap()
        .unwrap();

    assert_eq!(house.row(reel).await, row);
    assert_eq!(house.events().await.len(), events);
    assert!(
        house.buried_outputs().await.is_empty(),
        "what is shown is not deleted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_writes_nothing() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::heavy_video()).await;
    let running = house.processor().await;

    let theft = async {
        house.rendering(reel).await;
        let steal = "UPDATE reels SET lease_token = $2, render_stage = 'CLAIMED', render_progress = 0 WHERE id = $1";
        let thief = Uuid::from_u128(99);
        sqlx::query(steal)
            .bind(reel.as_uuid())
            .bind(thief)
            .execute(house.db.pool())
            .await
            .unwrap();
        (house.row(reel).await, house.events().await.len())
    };
    let (answer, (row, events)) = tokio::join!(running.ask(house.task(reel)), theft);

    assert_eq!(answer.outcome(), "lease_lost");
    assert_eq!(house.row(reel).await, row);
    assert_eq!(house.events().await.len(), events);
    assert!(house.stored_outputs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_is_renewed_while_nothing_moves() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let go = Arc::new(Semaphore::new(0));
    let store = Twisted {
        inner: house.core.store.clone(),
        twist: Twist::Stalled(go.clone()),
    };
    let running = house.processor_on(Arc::new(store)).await;
    let lease_until = async || -> Option<DateTime<Utc>> {
        let query = "SELECT lease_until FROM reels WHERE id = $1 AND render_stage = 'START'";
        sqlx::query_scalar(query)
            .bind(reel.as_uuid())
            .fetch_optional(house.db.pool())
            .await
            .unwrap()
    };

    let stall = async {
        let first = wait_for("the start", PATIENCE, async || {
            lease_until().await.map_or(Seen::NotYet(()), Seen::Done)
        })
        .await;
        wait_for("a longer lease", PATIENCE, async || {
            match lease_until().await {
                Some(until) if until > first => Seen::Done(()),
                other => Seen::NotYet(other),
            }
        })
        .await;
        go.add_permits(1);
    };
    let (answer, ()) = tokio::join!(running.ask(house.task(reel)), stall);

    assert_eq!(answer.outcome(), "published");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_does_not_end_the_render() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;

    let request = running.ask(house.task(reel));
    let claimed = wait_for("the claim", PATIENCE, async || {
        let row = house.row(reel).await;
        if row.lease_token.is_some() {
            Seen::Done(())
        } else {
            Seen::NotYet(row)
        }
    });
    tokio::select! {
        answer = request => panic!("answered before the caller hung up: {answer:?}"),
        () = claimed => {}
    }

    wait_for("the reel to be published", PATIENCE, async || {
        let row = house.row(reel).await;
        if row.status == "ACTIVE" {
            Seen::Done(())
        } else {
            Seen::NotYet(row)
        }
    })
    .await;
}
