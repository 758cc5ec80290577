//! Quota: nobody spends what another has spent, and each reference moves once.

use avvivo_domain::quota::{QuotaError, Slot};
use avvivo_kernel::{ShopId, time::business_day};
use avvivo_postgres::wallets::{self, Charge};
use futures::future::join_all;

use crate::support::{World, noon};

/// Spends one reel of a plan of five a day, as a use case does.
async fn spend(world: &World, shop: ShopId) -> Result<Slot, QuotaError> {
    let mut tx = world.begin().await;
    let wallet = wallets::lock_reels(&mut tx, shop).await.unwrap();
    let movement = wallet.reserve(business_day(noon()), 5)?;
    wallets::set_reels(&mut tx, shop, &movement.wallet)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Ok(movement.slot)
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_spenders_at_once_spend_what_there_is_and_no_more() {
    let world = World::new().await;
    let shop = world.shop().await;
    world
        .run(format!(
            "INSERT INTO quota_wallets (shop_id, reel_extra_balance) VALUES ('{shop}', 3)"
        ))
        .await;

    let spent = join_all((0..30).map(|_| spend(&world, shop))).await;

    let paid_with = |slot| spent.iter().filter(|result| **result == Ok(slot)).count();
    assert_eq!(paid_with(Slot::Base), 5);
    assert_eq!(paid_with(Slot::Extra), 3);
    let mut tx = world.begin().await;
    let left = wallets::lock_reels(&mut tx, shop).await.unwrap();
    assert_eq!((left.daily_used, left.extra_balance), (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_comes_into_being_once() {
    let world = World::new().await;
    let shop = world.shop().await;
    let spent = join_all((0..8).map(|_| spend(&world, shop))).await;
    assert_eq!(spent.iter().filter(|result| result.is_ok()).count(), 5);
    assert_eq!(world.count("SELECT count(*) FROM quota_wallets").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reel_is_charged_once_and_refunded_once() {
    let world = World::new().await;
    let shop = world.shop().await;
    let reel = world.id().into();
    let charge = Charge {
        slot: Slot::Extra,
        day: business_day(noon()),
    };
    let mut conn = world.db.acquire().await.unwrap();
    assert_eq!(wallets::find_charge(&mut conn, reel).await.unwrap(), None);
    for _ in 0..2 {
        wallets::insert_charge(&mut conn, world.id(), (shop, reel), charge, noon())
            .await
            .unwrap();
    }
    assert_eq!(
        wallets::find_charge(&mut conn, reel).await.unwrap(),
        Some(charge)
    );

    let refunds = (0..10).map(async |_| {
        let mut conn = world.db.acquire().await.unwrap();
        let refund =
            wallets::insert_refund(&mut conn, world.id(), (shop, reel), charge, noon()).await;
        refund.unwrap()
    });
    let refunds = join_all(refunds).await;

    assert_eq!(refunds.into_iter().filter(|done| *done).count(), 1);
    assert_eq!(world.count("SELECT count(*) FROM quota_ledger").await, 2);
}

#[tokio::test]
async fn whoever_waits_for_a_wallet_hears_that_it_went_with_its_shop() {
    let world = World::new().await;
    let shop = world.shop().await;
    world
        .run(format!(
            "INSERT INTO quota_wallets (shop_id) VALUES ('{shop}')"
        ))
        .await;
    let mut deleting = world.begin().await;
    sqlx::query("DELETE FROM shops WHERE id = $1")
        .bind(shop.as_uuid())
        .execute(&mut *deleting)
        .await
        .unwrap();
    let mut spending = world.begin().await;
    let (found, ()) = tokio::join!(wallets::lock_reels(&mut spending, shop), async {
        world.somebody_waits().await;
        deleting.commit().await.unwrap();
    });
    let error = found.unwrap_err();
    assert!(error.violates("quota_wallets_shop_id_fkey"), "{error}");
}
