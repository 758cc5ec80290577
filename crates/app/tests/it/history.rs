//! What audiences were told can be told again, for a while.

use avvivo_app::{
    realtime::{heads, replay},
    upkeep::forget_history,
};
use avvivo_contracts::{audience::Audience, events::v1::Event};
use chrono::TimeDelta;
use prost::Message as _;
use serde_json::json;
use uuid::Uuid;

use crate::support::World;

fn shop(id: u128) -> Audience {
    Audience::Shop(Uuid::from_u128(id).into())
}

async fn tell(world: &World, audience: Audience, times: usize) {
    for _ in 0..times {
        let mut tx = world.begin().await;
        world.announce_to(&mut tx, audience).await;
        tx.commit().await.unwrap();
    }
}

async fn numbers(world: &World, after: u64, limit: u32) -> (Vec<u64>, u64) {
    let stretch = replay::run(&world.deps, &shop(0xa).to_string(), after, limit)
        .await
        .unwrap();
    let events = stretch.events.iter();
    let numbers = events.map(|event| Event::decode(event.as_slice()).unwrap().sequence);
    (numbers.collect(), stretch.head)
}

#[tokio::test]
async fn it_is_told_again_in_order_from_where_one_likes() {
    let world = World::new().await;
    tell(&world, shop(0xa), 5).await;
    tell(&world, shop(0xb), 2).await;
    assert_eq!(numbers(&world, 0, 100).await, (vec![1, 2, 3, 4, 5], 5));
    assert_eq!(numbers(&world, 3, 100).await, (vec![4, 5], 5));
    assert_eq!(numbers(&world, 1, 2).await, (vec![2, 3], 5));
    assert_eq!(numbers(&world, 5, 100).await, (vec![], 5));
    let audiences = [0xa, 0xb, 0xc].map(|id| shop(id).to_string());
    let heads = heads::run(&world.deps, &audiences).await.unwrap();
    assert_eq!(
        audiences.map(|audience| heads.get(&audience).copied()),
        [Some(5), Some(2), None]
    );
}

#[tokio::test]
async fn what_the_relay_sends_is_what_is_told_again() {
    let world = World::new().await;
    tell(&world, shop(0xa), 3).await;
    world.relay().drain().await.unwrap();
    let sent: Vec<Event> = world.bus.events();
    let again = replay::run(&world.deps, &shop(0xa).to_string(), 0, 10)
        .await
        .unwrap();
    let again: Vec<Event> = again
        .events
        .iter()
        .map(|event| Event::decode(event.as_slice()).unwrap())
        .collect();
    assert_eq!(sent, again);
}

#[tokio::test]
async fn after_a_while_it_is_forgotten_and_numbers_go_on() {
    let world = World::new().await;
    tell(&world, shop(0xa), 2).await;
    world.advance(forget_history::KEPT_FOR + TimeDelta::seconds(1));
    tell(&world, shop(0xa), 1).await;
    let report = forget_history::pass(&world.deps).await.unwrap();
    assert_eq!(report, json!({"forgotten": 2}));
    assert_eq!(numbers(&world, 0, 100).await, (vec![3], 3));
}
