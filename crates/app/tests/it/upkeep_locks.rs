//! Passes over many shops lock in the order in which requests do, so that neither waits for the other for ever.

use std::time::Duration;

use avvivo_app::upkeep::{expire_reels, requeue_stuck};
use avvivo_contracts::audience::Audience;
use avvivo_domain::reels::MAX_RENDER_ATTEMPTS;
use avvivo_postgres::{Transaction, wallets};
use chrono::TimeDelta;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Shop, World};

/// Longer than a lock that is free takes, shorter than PostgreSQL takes to find a deadlock.
const PATIENCE: Duration = Duration::from_millis(700);

async fn announce(world: &World, tx: &mut Transaction, audience: Audience) {
    let announced = timeout(PATIENCE, world.announce_to(tx, audience)).await;
    assert!(
        announced.is_ok(),
        "somebody who waits for us holds {audience}"
    );
}

/// Shops in the order of their ids.
async fn shops(world: &World, plan: &str) -> [Shop; 2] {
    [
        world.shop().plan(plan).open().await,
        world.shop().plan(plan).open().await,
    ]
}

#[tokio::test]
async fn expiry_comes_to_the_public_audience_last() {
    let world = World::new().await;
    let shops = shops(&world, "BASIC").await;
    for shop in &shops {
        world.published(shop).await;
    }
    world.advance(TimeDelta::hours(24));
    let mut request = world.begin().await;
    announce(&world, &mut request, Audience::Shop(shops[1].id)).await;
    let asking = async {
        world.somebody_waits().await;
        announce(&world, &mut request, Audience::PublicReels).await;
        request.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(expire_reels::pass(&world.deps), asking);
    assert_eq!(report.unwrap(), json!({"expired": 2}));
}

#[tokio::test]
async fn passes_over_several_shops_take_them_in_one_order() {
    let world = World::new().await;
    let shops = shops(&world, "BASIC").await;
    // The later shop's reel is the older one.
    for shop in shops.iter().rev() {
        world.published(shop).await;
        world.advance(TimeDelta::seconds(1));
    }
    world.advance(TimeDelta::hours(24));
    let mut other_pass = world.begin().await;
    announce(&world, &mut other_pass, Audience::Shop(shops[0].id)).await;
    let asking = async {
        world.somebody_waits().await;
        announce(&world, &mut other_pass, Audience::Shop(shops[1].id)).await;
        other_pass.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(expire_reels::pass(&world.deps), asking);
    assert_eq!(report.unwrap(), json!({"expired": 2}));
}

#[tokio::test]
async fn of_a_shop_the_wallet_comes_before_the_audience() {
    let mut world = World::new().await;
    let mut policy = (*world.deps.policy).clone();
    policy.single_processing = false;
    world.deps.policy = policy.into();
    let shop = world.shop().plan("Maxima").open().await;
    world.waiting(&shop).await;
    world.advance(TimeDelta::seconds(1));
    let hopeless = world.waiting(&shop).await;
    assert_eq!(MAX_RENDER_ATTEMPTS, 5);
    world
        .arrange(
            "UPDATE reels SET render_attempts = 5 WHERE id = $1",
            hopeless.id.as_uuid(),
        )
        .await;
    world.advance(TimeDelta::hours(1));
    let mut request = world.begin().await;
    wallets::lock_reels(&mut request, shop.id).await.unwrap();
    let asking = async {
        world.somebody_waits().await;
        announce(&world, &mut request, Audience::Shop(shop.id)).await;
        request.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(requeue_stuck::pass(&world.deps), asking);
    assert_eq!(report.unwrap(), json!({"requeued": 1, "givenUp": 1}));
}
