//! Reconcilers, one pass at a time.

use avvivo_app::{
    AppError,
    reels::delete_reel,
    rendering::claim_render,
    upkeep::{Outcome, delete_objects, expire_reels, leased, requeue_stuck},
    uploads::confirm_upload::{self, ConfirmUpload},
};
use avvivo_domain::{
    identity::AccessError,
    reels::{LIFETIME, MAX_RENDER_ATTEMPTS, ReelStatus, ReelType, Stage, render::LEASE_TTL},
};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Shop, World, code, in_folder, video_of};

/// Nobody has touched a reel for this long: then it is stuck.
const IDLE: TimeDelta = TimeDelta::minutes(10);

async fn nothing_stuck(world: &World) {
    let report = requeue_stuck::pass(&world.deps).await.unwrap();
    assert_eq!(report, json!({"requeued": 0, "givenUp": 0}));
}

#[tokio::test]
async fn a_reel_that_the_queue_forgot_gets_a_new_job() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    world.advance(IDLE);
    nothing_stuck(&world).await;
    world.advance(TimeDelta::seconds(1));

    let report = requeue_stuck::pass(&world.deps).await.unwrap();

    assert_eq!(report, json!({"requeued": 1, "givenUp": 0}));
    let jobs = world.jobs().await;
    assert_eq!(jobs[1].0, format!("reel:{}:v2", reel.id));
    assert_eq!(jobs[1].1.version, 2);
    assert_eq!(
        world.told(&shop).await,
        ["PROCESSING 0", "PROCESSING REQUEUED 0"]
    );
    nothing_stuck(&world).await;
    // The job of before may only have waited its turn: whichever comes first renders, and the other finds it at work.
    world.claim(&reel).await;
    let new = claim_render::run(&world.deps, reel.id, 2).await.unwrap();
    assert!(matches!(new, claim_render::Answer::Busy { .. }), "{new:?}");
}

#[tokio::test]
async fn two_jobs_of_one_reel_publish_it_once() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    world.advance(IDLE + TimeDelta::seconds(1));
    requeue_stuck::pass(&world.deps).await.unwrap();
    world.publish(&reel).await;
    let new = claim_render::run(&world.deps, reel.id, 2).await.unwrap();
    assert_eq!(new, claim_render::Answer::NothingToDo);
    assert_eq!(world.told_everybody().await, ["published"]);
}

#[tokio::test]
async fn a_reel_that_somebody_renders_is_not_stuck() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    world.advance(TimeDelta::hours(1));
    world.claim(&reel).await;
    nothing_stuck(&world).await;
    world.advance(LEASE_TTL + IDLE);
    nothing_stuck(&world).await;
    world.advance(TimeDelta::seconds(1));
    let report = requeue_stuck::pass(&world.deps).await.unwrap();
    assert_eq!(report, json!({"requeued": 1, "givenUp": 0}));
    assert_eq!(world.reel(reel.id).await.render.lease, None);
}

#[tokio::test]
async fn a_reel_without_attempts_left_or_past_its_day_is_given_up_and_refunded() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let tired = world.waiting(&shop).await;
    for _ in 0..MAX_RENDER_ATTEMPTS {
        world.claim(&tired).await;
        world.advance(LEASE_TTL);
    }
    world.advance(IDLE + TimeDelta::seconds(1));
    let other = world.shop().open().await;
    let overdue = world.waiting(&other).await;
    assert_eq!(
        requeue_stuck::pass(&world.deps).await.unwrap(),
        json!({"requeued": 0, "givenUp": 1})
    );
    world.clock.set(overdue.expires_at);
    assert_eq!(
        requeue_stuck::pass(&world.deps).await.unwrap(),
        json!({"requeued": 0, "givenUp": 1})
    );
    nothing_stuck(&world).await;

    for (reel, expected) in [(&tired, "render.exhausted"), (&overdue, "render.overdue")] {
        let end = world.reel(reel.id).await;
        assert_eq!(end.status, ReelStatus::Hidden);
        assert_eq!(end.render.stage, Some(Stage::FailedPermanent));
        assert_eq!(end.render.failure.unwrap().code, expected);
    }
    let moves: Vec<_> = world
        .ledger()
        .await
        .into_iter()
        .map(|(what, _)| what)
        .collect();
    assert_eq!(
        moves
            .iter()
            .filter(|what| *what == "CREDIT PLAN_BASE")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_reel_leaves_the_feed_when_its_day_is_over() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    world
        .clock
        .set(reel.expires_at - TimeDelta::microseconds(1));
    assert_eq!(
        expire_reels::pass(&world.deps).await.unwrap(),
        json!({"expired": 0})
    );
    world.clock.set(reel.expires_at);
    assert_eq!(
        expire_reels::pass(&world.deps).await.unwrap(),
        json!({"expired": 1})
    );
    assert_eq!(
        expire_reels::pass(&world.deps).await.unwrap(),
        json!({"expired": 0})
    );

    assert_eq!(world.reel(reel.id).await.status, ReelStatus::Expired);
    assert_eq!(world.told(&shop).await.last().unwrap(), "EXPIRED 100");
    assert_eq!(world.told_everybody().await, ["published", "withdrawn"]);
}

async fn upload_and_confirm(world: &World, shop: &Shop, name: &str) -> String {
    world.upload(shop.id, name, "video/mp4");
    let path = in_folder(shop.id, name);
    let command = ConfirmUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        paths: vec![path.clone()],
        overlay: None,
    };
    confirm_upload::run(&world.deps, command).await.unwrap();
    path
}

#[tokio::test]
async fn uploads_that_became_nothing_are_deleted_after_a_day() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    upload_and_confirm(&world, &shop, "unused.mp4").await;
    world.advance(LIFETIME);
    let report = delete_objects::pass(&world.deps).await.unwrap();
    assert_eq!(report, json!({"unused": 0, "deleted": 0}));
    world.advance(TimeDelta::seconds(1));
    let kept = upload_and_confirm(&world, &shop, "kept.mp4").await;

    let report = delete_objects::pass(&world.deps).await.unwrap();

    assert_eq!(report, json!({"unused": 1, "deleted": 1}));
    assert_eq!(world.objects().await, [kept]);
    assert!(world.tombstones().await.is_empty());
}

#[tokio::test]
async fn raw_uploads_go_a_day_after_the_rendering_and_outputs_stay() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let path = upload_and_confirm(&world, &shop, "video.mp4").await;
    let waiting = world.create(video_of(&shop, world.url(&path))).await;
    let reel = world.publish(&waiting.unwrap()).await;
    world.advance(LIFETIME + TimeDelta::seconds(1));
    delete_objects::pass(&world.deps).await.unwrap();
    let left = world.objects().await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|path| path.starts_with("processed/")));
    assert_eq!(world.reel(reel.id).await, reel);
}

#[tokio::test]
async fn files_stay_while_a_reel_is_still_to_be_rendered_from_them() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    let path = upload_and_confirm(&world, &shop, "video.mp4").await;
    let command = video_of(&shop, world.url(&path));
    let first = world.create(command.clone()).await.unwrap();
    world.advance(TimeDelta::hours(1));
    let second = world.create(command).await.unwrap();
    delete_reel::run(&world.deps, &shop.owner, first.id)
        .await
        .unwrap();
    world.advance(TimeDelta::hours(24));

    let report = delete_objects::pass(&world.deps).await.unwrap();
    assert_eq!(report, json!({"unused": 0, "deleted": 0}));
    assert_eq!(world.objects().await, [path]);

    // Given up at the end of its day, it needs them no more.
    requeue_stuck::pass(&world.deps).await.unwrap();
    assert_eq!(world.reel(second.id).await.status, ReelStatus::Hidden);
    delete_objects::pass(&world.deps).await.unwrap();
    assert!(world.objects().await.is_empty());
}

#[tokio::test]
async fn a_job_runs_in_one_place_at_a_time() {
    let world = World::new().await;
    let ttl = TimeDelta::minutes(2);
    let inner = async {
        let elsewhere = leased(&world.deps, "job", ttl, async { Ok(json!("twice")) }).await;
        assert_eq!(elsewhere.unwrap(), Outcome::Elsewhere);
        let other = leased(&world.deps, "other", ttl, async { Ok(json!("fine")) }).await;
        assert_eq!(other.unwrap(), Outcome::Ran(json!("fine")));
        Ok(json!("once"))
    };
    let outer = leased(&world.deps, "job", ttl, inner).await.unwrap();
    assert_eq!(outer, Outcome::Ran(json!("once")));
    let again = leased(&world.deps, "job", ttl, async { Ok(json!("again")) }).await;
    assert_eq!(again.unwrap(), Outcome::Ran(json!("again")));
}

#[tokio::test]
async fn the_lease_of_one_that_died_runs_out_and_its_late_end_changes_nothing() {
    let world = World::new().await;
    let ttl = TimeDelta::minutes(2);
    let slow = async {
        world.advance(ttl);
        let quick = leased(&world.deps, "job", ttl, async {
            // The slow one ends now, and must not give back what is no longer its own.
            Ok(json!("quick"))
        });
        assert_eq!(quick.await.unwrap(), Outcome::Ran(json!("quick")));
        Ok(json!("slow"))
    };
    leased(&world.deps, "job", ttl, slow).await.unwrap();
    let report = "SELECT count(*) FROM job_leases WHERE last_report = '\"quick\"'";
    assert_eq!(world.count(report).await, 1);
}

#[tokio::test]
async fn a_job_that_fails_gives_its_lease_back_and_is_noted() {
    let world = World::new().await;
    let ttl = TimeDelta::minutes(2);
    leased(&world.deps, "job", ttl, async { Ok(json!("fine")) })
        .await
        .unwrap();
    let failing = async { Err(AppError::from(AccessError::Suspended)) };
    let failed = leased(&world.deps, "job", ttl, failing).await;
    assert_eq!(code(failed), "auth.suspended");
    let noted = "SELECT count(*) FROM job_leases WHERE holder IS NULL AND last_report = '\"fine\"' \
                 AND last_error = 'the account is suspended'";
    assert_eq!(world.count(noted).await, 1);
    leased(&world.deps, "job", ttl, async { Ok(json!("fine")) })
        .await
        .unwrap();
    assert_eq!(
        world
            .count("SELECT count(*) FROM job_leases WHERE last_error IS NULL")
            .await,
        1
    );
}
