//! Leases of periodic jobs.

use avvivo_kernel::{LeaseToken, Timestamp};
use avvivo_postgres::leases;
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

use crate::support::{World, noon};

const TTL: TimeDelta = TimeDelta::minutes(2);

async fn take(world: &World, holder: LeaseToken, now: Timestamp) -> bool {
    let mut conn = world.db.acquire().await.unwrap();
    leases::take(&mut conn, "job", holder, now, now + TTL)
        .await
        .unwrap()
}

async fn give_back(world: &World, holder: LeaseToken) {
    let mut conn = world.db.acquire().await.unwrap();
    leases::give_back(&mut conn, "job", holder, Ok(&json!({})), noon())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_that_ask_at_once_one_gets_the_lease() {
    let world = World::new().await;
    for _ in 0..2 {
        let holders: Vec<LeaseToken> = (0..10).map(|_| world.id().into()).collect();
        let taken = join_all(holders.iter().map(|holder| take(&world, *holder, noon()))).await;
        let winner = taken.iter().position(|won| *won).unwrap();
        assert_eq!(taken.iter().filter(|won| **won).count(), 1);
        give_back(&world, holders[winner]).await;
    }
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_not_given_back_by_its_former_holder() {
    let world = World::new().await;
    let (slow, quick, third) = (world.id().into(), world.id().into(), world.id().into());
    assert!(take(&world, slow, noon()).await);
    assert!(!take(&world, quick, noon() + TTL - TimeDelta::microseconds(1)).await);
    assert!(take(&world, quick, noon() + TTL).await);
    give_back(&world, slow).await;
    assert!(!take(&world, third, noon() + TTL).await);
    give_back(&world, quick).await;
    assert!(take(&world, third, noon() + TTL).await);
}
