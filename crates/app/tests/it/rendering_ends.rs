//! How renderings end: published, tried again, given up, or no longer wanted.

use avvivo_app::{
    reels::{delete_reel, hide_reel},
    rendering::{
        Assignment, LeaseLost,
        claim_render::{self, Answer},
        complete_render,
        fail_render::{self, Verdict},
    },
};
use avvivo_domain::reels::{
    LIFETIME, MAX_RENDER_ATTEMPTS, ReelStatus, RenderFailure, Stage,
    render::{FaultClass, LEASE_TTL},
};
use chrono::TimeDelta;

use crate::support::{Shop, World, in_folder};

async fn fail(world: &World, assignment: &Assignment, class: FaultClass) -> Verdict {
    let failure = RenderFailure {
        code: "media.too_long".to_owned(),
        message: "El video es muy largo.".to_owned(),
    };
    let failed = fail_render::run(&world.deps, assignment, class, failure).await;
    failed.unwrap().unwrap()
}

async fn given_up_and_refunded_once(world: &World, shop: &Shop, reel: avvivo_kernel::ReelId) {
    let end = world.reel(reel).await;
    assert_eq!(end.status, ReelStatus::Hidden);
    assert_eq!(end.render.stage, Some(Stage::FailedPermanent));
    assert_eq!(end.render.lease, None);
    let moves = world.ledger().await;
    let refunds: Vec<_> = moves
        .iter()
        .filter(|(what, _)| what.starts_with("CREDIT"))
        .collect();
    assert_eq!(refunds, [&("CREDIT PLAN_BASE".to_owned(), reel)]);
    assert_eq!(world.wallet(shop).await.daily_used, 0);
    assert_eq!(world.shown_quota(shop).await, 1);
}

#[tokio::test]
async fn a_finished_reel_is_published_with_its_outputs() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    let outputs = world.outputs(&assignment);
    let now = world.advance(TimeDelta::seconds(20));

    let completed = complete_render::run(&world.deps, &assignment, &outputs).await;

    assert_eq!(completed.unwrap(), Ok(()));
    let reel = world.reel(assignment.reel.id).await;
    assert_eq!(reel.status, ReelStatus::Active);
    assert_eq!(reel.video_url, outputs.video_url);
    assert_eq!(reel.thumbnail_url, outputs.thumbnail_url);
    assert_eq!(reel.duration_seconds, 12);
    assert_eq!(reel.render.rendered_at, Some(now));
    assert_eq!(reel.render.lease, None);
    assert_eq!(reel.expires_at, assignment.reel.expires_at);
    assert_eq!(world.told(&shop).await.last().unwrap(), "ACTIVE DONE 100");
    assert_eq!(world.told_everybody().await, ["published"]);
    // The raw upload stays for a day; the outputs stay.
    assert_eq!(
        world.tombstones().await,
        [(in_folder(shop.id, "video.mp4"), LIFETIME)]
    );
}

#[tokio::test]
async fn asking_twice_to_publish_the_same_outputs_publishes_once() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    let outputs = world.outputs(&assignment);
    for _ in 0..2 {
        let completed = complete_render::run(&world.deps, &assignment, &outputs).await;
        assert_eq!(completed.unwrap(), Ok(()));
    }
    assert_eq!(world.told_everybody().await, ["published"]);
    assert_eq!(world.tombstones().await.len(), 1);
}

#[tokio::test]
async fn hide_during_rendering_stays_hidden_and_buries_what_went_in_and_came_out() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    hide_reel::run(&world.deps, &shop.owner, assignment.reel.id)
        .await
        .unwrap();

    let completed =
        complete_render::run(&world.deps, &assignment, &world.outputs(&assignment)).await;

    assert_eq!(completed.unwrap(), Err(LeaseLost));
    assert_eq!(
        world.reel(assignment.reel.id).await.status,
        ReelStatus::Hidden
    );
    assert!(world.told_everybody().await.is_empty());
    let buried = world.tombstones().await;
    let raw = in_folder(shop.id, "video.mp4");
    assert_eq!(buried.len(), 3);
    assert!(
        buried
            .iter()
            .all(|(path, _)| path.starts_with("processed/") || *path == raw)
    );
}

#[tokio::test]
async fn delete_during_rendering_buries_the_outputs() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    delete_reel::run(&world.deps, &shop.owner, assignment.reel.id)
        .await
        .unwrap();
    let completed =
        complete_render::run(&world.deps, &assignment, &world.outputs(&assignment)).await;
    assert_eq!(completed.unwrap(), Err(LeaseLost));
    assert_eq!(world.tombstones().await.len(), 3);
}

#[tokio::test]
async fn a_reel_finished_after_its_day_is_not_published() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    world.clock.set(assignment.reel.expires_at);
    let completed =
        complete_render::run(&world.deps, &assignment, &world.outputs(&assignment)).await;
    assert_eq!(completed.unwrap(), Err(LeaseLost));
    assert_eq!(
        world.reel(assignment.reel.id).await.status,
        ReelStatus::Processing
    );
}

#[tokio::test]
async fn a_fault_of_the_file_ends_the_reel_at_once() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let assignment = world.claim(&world.waiting(&shop).await).await;

    let verdict = fail(&world, &assignment, FaultClass::Permanent).await;

    assert_eq!(verdict, Verdict::GivenUp);
    given_up_and_refunded_once(&world, &shop, assignment.reel.id).await;
    let told = world.told(&shop).await;
    assert_eq!(
        told.last().unwrap(),
        "HIDDEN FAILED_PERMANENT 0 media.too_long"
    );
    let said = world.reel(assignment.reel.id).await.render.failure;
    assert_eq!(
        said.unwrap().message,
        "El video es muy largo. Te devolvimos el cupo."
    );
    // The slot that came back can be spent.
    world.waiting(&shop).await;
}

#[tokio::test]
async fn a_passing_fault_frees_the_reel_until_the_attempts_are_used_up() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    for attempt in 1..MAX_RENDER_ATTEMPTS {
        let assignment = world.claim(&reel).await;
        assert_eq!(assignment.attempt, attempt);
        let verdict = fail(&world, &assignment, FaultClass::Transient).await;
        assert_eq!(verdict, Verdict::TryAgain);
        let render = world.reel(reel.id).await.render;
        assert_eq!(render.stage, Some(Stage::Error));
        assert_eq!(render.failure.unwrap().code, "media.too_long");
    }
    assert_eq!(world.ledger().await.len(), 1);

    let last = world.claim(&reel).await;
    let verdict = fail(&world, &last, FaultClass::Transient).await;

    assert_eq!(verdict, Verdict::GivenUp);
    given_up_and_refunded_once(&world, &shop, reel.id).await;
}

#[tokio::test]
async fn a_reel_whose_renderers_all_vanished_is_given_up_once() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    for _ in 0..MAX_RENDER_ATTEMPTS {
        world.claim(&reel).await;
        world.advance(LEASE_TTL);
    }
    for _ in 0..2 {
        let answer = claim_render::run(&world.deps, reel.id, 1).await.unwrap();
        assert_eq!(answer, Answer::NothingToDo);
    }
    given_up_and_refunded_once(&world, &shop, reel.id).await;
    let told = world.told(&shop).await;
    assert_eq!(
        told.last().unwrap(),
        "HIDDEN FAILED_PERMANENT 0 render.exhausted"
    );
}

#[tokio::test]
async fn a_base_slot_of_yesterday_is_not_given_back_today() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    world.clock.set("2026-03-11T02:50:00Z".parse().unwrap());
    let yesterdays = world.waiting(&shop).await;
    world.clock.set("2026-03-11T03:50:00Z".parse().unwrap());
    // Stale, so it makes room, which is what gives it up.
    world.waiting(&shop).await;
    let moves: Vec<_> = world
        .ledger()
        .await
        .into_iter()
        .map(|(what, _)| what)
        .collect();
    assert_eq!(
        moves,
        ["DEBIT PLAN_BASE", "CREDIT PLAN_BASE", "DEBIT PLAN_BASE"]
    );
    let given_up = world.reel(yesterdays.id).await;
    assert_eq!(given_up.status, ReelStatus::Hidden);
    let said = given_up.render.failure.unwrap().message;
    assert!(!said.contains("devolvimos"), "{said}");
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
}

#[tokio::test]
async fn an_extra_is_given_back_as_an_extra() {
    let world = World::new().await;
    let shop = world.shop().extras(1).open().await;
    world.published(&shop).await;
    let assignment = world.claim(&world.waiting(&shop).await).await;
    assert_eq!(world.wallet(&shop).await.extra_balance, 0);
    fail(&world, &assignment, FaultClass::Permanent).await;
    let wallet = world.wallet(&shop).await;
    assert_eq!((wallet.daily_used, wallet.extra_balance), (1, 1));
}

#[tokio::test]
async fn what_an_administrator_gave_away_is_not_refunded() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.caller = world.admin().await;
    command.admin_override = true;
    let reel = world.create(command).await.unwrap();
    fail(&world, &world.claim(&reel).await, FaultClass::Permanent).await;
    assert!(world.ledger().await.is_empty());
    let said = world.reel(reel.id).await.render.failure;
    assert_eq!(said.unwrap().message, "El video es muy largo.");
}
