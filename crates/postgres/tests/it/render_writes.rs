//! Writes of renderers: with the lease, or not at all. And what reconcilers lock.

use avvivo_domain::reels::{Lease, ReelStatus, RenderFailure, Stage, render::LEASE_TTL};
use avvivo_kernel::{LeaseToken, ReelId};
use avvivo_postgres::{
    Conn, DbError,
    reels::{
        self,
        render::{self, Outputs},
    },
};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{World, noon};

/// Longer ago than this nobody has touched a stuck reel.
const IDLE: TimeDelta = TimeDelta::minutes(10);

async fn claimed(world: &World, id: ReelId) -> LeaseToken {
    let lease = Lease {
        token: world.id().into(),
        taken_at: noon(),
        until: noon() + LEASE_TTL,
    };
    let mut conn = world.db.acquire().await.unwrap();
    render::set_claimed(&mut conn, id, &lease, 1).await.unwrap();
    lease.token
}

fn outputs() -> Outputs {
    Outputs {
        video_url: Some("https://media.test/rendered.mp4".to_owned()),
        photo_urls: Vec::new(),
        thumbnail_url: None,
        duration_seconds: None,
        report: json!({}),
    }
}

/// Every write of a renderer; which of them were done.
async fn write_everything(
    conn: &mut Conn,
    key: (ReelId, LeaseToken),
) -> Result<[bool; 5], DbError> {
    let failure = RenderFailure {
        code: "media.too_long".to_owned(),
        message: "Muy largo.".to_owned(),
    };
    Ok([
        render::renew(conn, key.0, key.1, noon()).await?,
        render::set_progress(conn, key, Stage::RenderVideo, 50, noon()).await?,
        render::set_failed_once(conn, key, &failure, noon()).await?,
        render::give_back(conn, key).await?,
        render::set_rendered(conn, key, &outputs(), noon()).await?,
    ])
}

#[tokio::test]
async fn without_the_lease_nothing_is_written() {
    let world = World::new().await;
    let reel = world.waiting().await;
    let token = claimed(&world, reel).await;
    let before = world.reel(reel).await;
    let mut conn = world.db.acquire().await.unwrap();

    let wrong_token = write_everything(&mut conn, (reel, world.id().into())).await;
    let wrong_reel = write_everything(&mut conn, (world.waiting().await, token)).await;

    assert_eq!(wrong_token.unwrap(), [false; 5]);
    assert_eq!(wrong_reel.unwrap(), [false; 5]);
    assert_eq!(world.reel(reel).await, before);
}

#[tokio::test]
async fn a_lease_is_void_once_the_reel_is_hidden() {
    let world = World::new().await;
    let reel = world.waiting().await;
    let token = claimed(&world, reel).await;
    let mut conn = world.db.acquire().await.unwrap();
    reels::set_hidden(&mut conn, reel).await.unwrap();
    let before = world.reel(reel).await;
    let written = write_everything(&mut conn, (reel, token)).await;
    assert_eq!(written.unwrap(), [false; 5]);
    assert_eq!(world.reel(reel).await, before);
    assert_eq!(before.status, ReelStatus::Hidden);
    assert_eq!(before.render.lease, None);
}

#[tokio::test]
async fn with_the_lease_each_write_is_done() {
    let world = World::new().await;
    let mut conn = world.db.acquire().await.unwrap();
    let reel = world.waiting().await;
    let key = (reel, claimed(&world, reel).await);
    let until = noon() + TimeDelta::hours(1);
    assert!(render::renew(&mut conn, key.0, key.1, until).await.unwrap());
    assert_eq!(world.reel(reel).await.render.lease.unwrap().until, until);
    assert!(render::give_back(&mut conn, key).await.unwrap());
    assert_eq!(world.reel(reel).await.render.attempts, 0);

    let key = (reel, claimed(&world, reel).await);
    assert!(
        render::set_rendered(&mut conn, key, &outputs(), noon())
            .await
            .unwrap()
    );
    let done = world.reel(reel).await;
    assert_eq!(done.status, ReelStatus::Active);
    assert_eq!(done.duration_seconds, 10);
    assert!(
        !render::set_rendered(&mut conn, key, &outputs(), noon())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_reel_past_its_day_is_not_published() {
    let world = World::new().await;
    let reel = world.waiting().await;
    let key = (reel, claimed(&world, reel).await);
    let mut conn = world.db.acquire().await.unwrap();
    let late = world.reel(reel).await.expires_at;
    assert!(
        !render::set_rendered(&mut conn, key, &outputs(), late)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn stuck_reels_that_somebody_has_locked_are_left_out() {
    let world = World::new().await;
    let (one, other) = (world.waiting().await, world.waiting().await);
    let now = noon() + TimeDelta::hours(1);
    let mut elsewhere = world.begin().await;
    reels::find_for_update(&mut elsewhere, one).await.unwrap();
    let stuck = async || {
        let mut tx = world.begin().await;
        let reels = render::lock_stuck(&mut tx, now, now - IDLE, 10)
            .await
            .unwrap();
        // A transaction that is dropped lets go of its locks a moment later.
        tx.commit().await.unwrap();
        reels.into_iter().map(|reel| reel.id).collect::<Vec<_>>()
    };
    assert_eq!(stuck().await, [other]);
    elsewhere.commit().await.unwrap();
    let mut both = stuck().await;
    both.sort_unstable();
    assert_eq!(both, [one, other]);
}

#[tokio::test]
async fn two_passes_at_once_never_take_the_same_reel() {
    let world = World::new().await;
    let shop = world.shop().await;
    for _ in 0..6 {
        world.stored(&world.draft(shop)).await;
    }
    let now = noon() + TimeDelta::hours(1);
    let (mut one, mut other) = (world.begin().await, world.begin().await);
    let first = render::lock_stuck(&mut one, now, now - IDLE, 4)
        .await
        .unwrap();
    let second = render::lock_stuck(&mut other, now, now - IDLE, 4)
        .await
        .unwrap();
    assert_eq!((first.len(), second.len()), (4, 2));
    assert!(second.iter().all(|reel| !first.contains(reel)));
}

#[tokio::test]
async fn who_is_started_by_hand_finds_the_oldest_that_nobody_renders() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut ids = Vec::new();
    for minute in [3, 1, 2] {
        let reel = avvivo_domain::reels::Reel {
            created_at: noon() + TimeDelta::minutes(minute),
            ..world.draft(shop)
        };
        ids.push(world.stored(&reel).await);
    }
    claimed(&world, ids[2]).await;
    let mut conn = world.db.acquire().await.unwrap();
    let waiting = render::list_waiting(&mut conn, noon(), 10).await.unwrap();
    assert_eq!(waiting, [(ids[1], 1), (ids[0], 1)]);
    let backlog = render::backlog(&mut conn, noon() + TimeDelta::minutes(5)).await;
    assert_eq!(backlog.unwrap(), (3, 240));
}
