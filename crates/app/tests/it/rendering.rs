//! Who may render, and what a lease is worth.

use avvivo_app::{
    reels::hide_reel,
    rendering::{
        LeaseLost,
        claim_render::{self, Answer},
        complete_render, fail_render, keep_lease,
    },
};
use avvivo_domain::reels::{
    RenderFailure, SourceRole, Stage,
    render::{FaultClass, LEASE_TTL},
};
use chrono::TimeDelta;

use crate::support::World;

fn trouble() -> RenderFailure {
    RenderFailure {
        code: "storage.unavailable".to_owned(),
        message: "Probá más tarde.".to_owned(),
    }
}

#[tokio::test]
async fn a_renderer_gets_the_sources_and_a_lease() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;

    let assignment = world.claim(&reel).await;

    assert_eq!(assignment.reel, reel);
    assert_eq!(assignment.attempt, 1);
    assert_eq!(assignment.sources[0].role, SourceRole::Video);
    let stored = world.reel(reel.id).await.render;
    assert_eq!(stored.lease, Some(assignment.lease));
    assert_eq!((stored.stage, stored.attempts), (Some(Stage::Claimed), 1));
    assert_eq!(
        world.told(&shop).await,
        ["PROCESSING 0", "PROCESSING CLAIMED 0"]
    );
}

#[tokio::test]
async fn a_second_renderer_is_told_until_when_to_wait() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    let first = world.claim(&reel).await;
    let second = claim_render::run(&world.deps, reel.id, 1).await.unwrap();
    assert_eq!(
        second,
        Answer::Busy {
            until: first.lease.until
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_renderers_at_once_one_goes() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    let (one, other) = tokio::join!(
        claim_render::run(&world.deps, reel.id, 1),
        claim_render::run(&world.deps, reel.id, 1)
    );
    let answers = [one.unwrap(), other.unwrap()];
    assert_eq!(
        answers
            .iter()
            .filter(|answer| matches!(answer, Answer::Go(_)))
            .count(),
        1
    );
    assert_eq!(
        answers
            .iter()
            .filter(|answer| matches!(answer, Answer::Busy { .. }))
            .count(),
        1
    );
    assert_eq!(world.reel(reel.id).await.render.attempts, 1);
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_the_next_and_is_worth_nothing() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    let slow = world.claim(&reel).await;
    world.advance(LEASE_TTL);

    let quick = world.claim(&reel).await;

    assert_eq!(quick.attempt, 2);
    let told = world.told(&shop).await;
    assert_eq!(
        keep_lease::renew(&world.deps, &slow).await.unwrap(),
        Err(LeaseLost)
    );
    let progress = keep_lease::report_progress(&world.deps, &slow, Stage::RenderVideo, 50).await;
    assert_eq!(progress.unwrap(), Err(LeaseLost));
    keep_lease::give_back(&world.deps, &slow).await.unwrap();
    let failed = fail_render::run(&world.deps, &slow, FaultClass::Permanent, trouble()).await;
    assert_eq!(failed.unwrap(), Err(LeaseLost));
    let completed = complete_render::run(&world.deps, &slow, &world.outputs(&slow)).await;
    assert_eq!(completed.unwrap(), Err(LeaseLost));
    assert_eq!(
        world.reel(reel.id).await.render.lease,
        Some(quick.lease.clone())
    );
    assert_eq!(world.told(&shop).await, told);

    let completed = complete_render::run(&world.deps, &quick, &world.outputs(&quick)).await;
    assert_eq!(completed.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_lease_that_is_kept_does_not_run_out() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    let assignment = world.claim(&reel).await;
    for _ in 0..5 {
        world.advance(LEASE_TTL - TimeDelta::seconds(1));
        keep_lease::renew(&world.deps, &assignment)
            .await
            .unwrap()
            .unwrap();
    }
    world.advance(LEASE_TTL - TimeDelta::seconds(1));
    keep_lease::report_progress(&world.deps, &assignment, Stage::RenderVideo, 40)
        .await
        .unwrap()
        .unwrap();
    let answer = claim_render::run(&world.deps, reel.id, 1).await.unwrap();
    assert_eq!(
        answer,
        Answer::Busy {
            until: world.now() + LEASE_TTL
        }
    );
    let render = world.reel(reel.id).await.render;
    assert_eq!(
        (render.stage, render.progress),
        (Some(Stage::RenderVideo), 40)
    );
    assert_eq!(
        world.told(&shop).await.last().unwrap(),
        "PROCESSING RENDER_VIDEO 40"
    );
}

#[tokio::test]
async fn an_attempt_that_is_given_back_does_not_count() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    let first = world.claim(&reel).await;
    keep_lease::give_back(&world.deps, &first).await.unwrap();
    assert_eq!(
        world.reel(reel.id).await.render.stage,
        Some(Stage::Requeued)
    );
    assert_eq!(world.claim(&reel).await.attempt, 1);
}

#[tokio::test]
async fn there_is_nothing_to_do_for_jobs_that_came_too_late() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    let nothing = async |reel, version| {
        let answer = claim_render::run(&world.deps, reel, version).await.unwrap();
        assert_eq!(answer, Answer::NothingToDo);
    };
    nothing(world.id().into(), 1).await;
    nothing(world.published(&shop).await.id, 1).await;
    let waiting = world.waiting(&shop).await;
    nothing(waiting.id, 2).await;
    hide_reel::run(&world.deps, &shop.owner, waiting.id)
        .await
        .unwrap();
    nothing(waiting.id, 1).await;
    let overdue = world.waiting(&shop).await;
    world.clock.set(overdue.expires_at);
    nothing(overdue.id, 1).await;
}
