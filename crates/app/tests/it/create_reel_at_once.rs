//! Requests of one shop at the same moment: each slot is spent once.

use avvivo_app::{AppError, Policy, reels::create_reel::CreateReel};
use avvivo_contracts::audience::Audience;
use avvivo_domain::reels::{Reel, ReelStatus};
use avvivo_kernel::Fault as _;
use avvivo_postgres::{reels, wallets};
use chrono::TimeDelta;
use futures::future::join_all;

use crate::support::{World, code};

/// Runs the same command `times` times at once.
async fn at_once(world: &World, command: &CreateReel, times: usize) -> Vec<Result<Reel, AppError>> {
    join_all((0..times).map(|_| world.create(command.clone()))).await
}

fn refusals(results: &[Result<Reel, AppError>]) -> Vec<&'static str> {
    results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .map(AppError::code)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_requests_at_once_one_is_accepted_and_charged() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;

    let results = at_once(&world, &world.video(&shop), 10).await;

    assert_eq!(refusals(&results), ["reel.already_processing"; 9]);
    assert_eq!(world.count("SELECT count(*) FROM reels").await, 1);
    assert_eq!(world.ledger().await.len(), 1);
    assert_eq!(world.jobs().await.len(), 1);
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_single_processing_rule_the_quota_alone_decides() {
    let policy = Policy {
        single_processing: false,
        ..Policy::default()
    };
    let world = World::with(policy).await;
    let shop = world.shop().plan("Premium").extras(1).open().await;

    let results = at_once(&world, &world.video(&shop), 10).await;

    assert_eq!(refusals(&results), ["quota.no_reels_left"; 6]);
    let wallet = world.wallet(&shop).await;
    assert_eq!((wallet.daily_used, wallet.extra_balance), (3, 0));
    assert_eq!(world.ledger().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_once_gives_everybody_the_same_reel() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.idempotency_key = Some("k-1".to_owned());

    let results = at_once(&world, &command, 8).await;

    let first = results[0].as_ref().unwrap().id;
    for result in &results {
        assert_eq!(result.as_ref().unwrap().id, first);
    }
    assert_eq!(world.ledger().await.len(), 1);
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_at_once_with_an_override_gives_one_reel() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.caller = world.admin().await;
    command.admin_override = true;
    command.idempotency_key = Some("k-1".to_owned());

    let results = at_once(&world, &command, 8).await;

    assert_eq!(refusals(&results), [""; 0]);
    assert_eq!(world.count("SELECT count(*) FROM reels").await, 1);
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_stale_reel_that_somebody_deals_with_is_left_to_them() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    let stale = world.waiting(&shop).await;
    world.advance(TimeDelta::minutes(46));
    let mut elsewhere = world.begin().await;
    reels::find_for_update(&mut elsewhere, stale.id)
        .await
        .unwrap();

    world.waiting(&shop).await;

    drop(elsewhere);
    assert_eq!(world.reel(stale.id).await.status, ReelStatus::Processing);
    assert_eq!(world.wallet(&shop).await.daily_used, 2);
}

#[tokio::test]
async fn a_stale_reel_that_was_published_meanwhile_stays_published() {
    let policy = Policy {
        single_processing: false,
        ..Policy::default()
    };
    let mut world = World::with(policy).await;
    let shop = world.shop().plan("Maxima").open().await;
    let first = world.waiting(&shop).await;
    world.advance(TimeDelta::seconds(1));
    let second = world.waiting(&shop).await;
    world.advance(TimeDelta::minutes(46));
    world.deps.policy = Policy::default().into();
    // Whoever announces to the shop waits for this: the request stands between giving up the first and the second.
    let mut announcing = world.begin().await;
    world
        .announce_to(&mut announcing, Audience::Shop(shop.id))
        .await;
    let publishing = async {
        world.somebody_waits().await;
        world
            .arrange(
                "UPDATE reels SET status = 'ACTIVE' WHERE id = $1",
                second.id.as_uuid(),
            )
            .await;
        announcing.commit().await.unwrap();
    };

    let (created, ()) = tokio::join!(world.create(world.video(&shop)), publishing);

    created.unwrap();
    assert_eq!(world.reel(first.id).await.status, ReelStatus::Hidden);
    assert_eq!(world.reel(second.id).await.status, ReelStatus::Active);
    let refunds = world.ledger().await;
    let refunds = refunds
        .iter()
        .filter(|(what, _)| what.starts_with("CREDIT"));
    assert_eq!(refunds.count(), 1);
}

#[tokio::test]
async fn a_request_waits_for_the_wallet_and_then_sees_what_was_spent() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut spending = world.begin().await;
    let wallet = wallets::lock_reels(&mut spending, shop.id).await.unwrap();
    let spend = async {
        world.somebody_waits().await;
        let today = avvivo_kernel::time::business_day(world.now());
        let spent = wallet.reserve(today, 1).unwrap().wallet;
        wallets::set_reels(&mut spending, shop.id, &spent)
            .await
            .unwrap();
        spending.commit().await.unwrap();
    };

    let (created, ()) = tokio::join!(world.create(world.video(&shop)), spend);

    assert_eq!(code(created), "quota.no_reels_left");
}
