//! How things are just now: told to whoever is there, and kept for nobody.

use std::time::Duration;

use avvivo_contracts::events::v1::{ChatTyping, Event, event::Payload};
use avvivo_testkit::TestRedis;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    events::{PUBLIC, event, publish, withdrawn},
    people::{CARO, DORA, EMA, SHOP},
    sse::{Heard, Sse, open_topics, open_topics_over_http2},
    world::{Settings, World},
};

const OTHER_LIVE: &str = "live:08000000-0000-7000-8000-000000000008";
const LIVE: &str = "live:07000000-0000-7000-8000-000000000007";

/// So many watch it.
fn viewers(count: u64) -> Value {
    json!({"liveId": LIVE.strip_prefix("live:"), "viewers": count})
}

fn typing(audience: &str, side: &str) -> Event {
    let payload = Payload::ChatTyping(ChatTyping {
        conversation_id: "c".to_owned(),
        side: side.to_owned(),
        expires_in_ms: 6_000,
    });
    event(audience, 0, payload)
}

/// The next event, its moment left out.
async fn next(stream: &mut Sse) -> Heard {
    let mut heard = stream.next().await;
    heard.data.as_object_mut().unwrap().remove("at");
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_reaches_who_is_there_and_moves_nobodys_place() {
    let world = World::start().await;
    let mut by_reactor = open_topics(&world.url, SHOP, "chat,reels").await;
    let mut by_server = open_topics_over_http2(&world.url, SHOP, "chat,reels").await;
    for stream in [&mut by_reactor, &mut by_server] {
        assert_eq!(stream.next().await.event, "realtime:connected");
    }
    publish(&world.bus, &[typing(SHOP, "CLIENT")]).await;
    for stream in [&mut by_reactor, &mut by_server] {
        let heard = next(stream).await;
        assert_eq!((heard.event.as_str(), heard.id), ("chat:typing", None));
        assert_eq!(
            heard.data,
            json!({"conversationId": "c", "by": "CLIENT", "expiresInMs": 6000})
        );
    }
    let mut late = open_topics(&world.url, SHOP, "chat").await;
    late.next().await;
    assert_eq!(late.next().await.event, "chat:typing", "it still holds");
    publish(&world.bus, &[withdrawn(1)]).await;
    for stream in [&mut by_reactor, &mut by_server] {
        assert_eq!(stream.next().await.read_to(PUBLIC), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_and_who_is_there_is_told_when_it_changes() {
    let world = World::start().await;
    let mut first = open_topics(&world.url, CARO, &format!("{LIVE},presence:{SHOP}")).await;
    first.next().await;
    let mut told = [next(&mut first).await.data, next(&mut first).await.data];
    told.sort_by_key(Value::to_string);
    assert_eq!(
        told,
        [json!({"channel": SHOP, "online": false}), viewers(1)]
    );
    let mut second = open_topics_over_http2(&world.url, DORA, LIVE).await;
    second.next().await;
    let shop = world.connect(SHOP).await;
    let mut changes = [next(&mut first).await.data, next(&mut first).await.data];
    changes.sort_by_key(Value::to_string);
    assert_eq!(
        changes,
        [json!({"channel": SHOP, "online": true}), viewers(2)]
    );
    // A shop that loses its connection for a moment was never away.
    drop(shop);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _shop = world.connect(SHOP).await;
    drop(second);
    assert_eq!(next(&mut first).await.data, viewers(1));
}

/// Settings of a gateway that shares its counts with others.
fn on(redis: &TestRedis) -> impl Fn(&mut Settings) {
    |settings| {
        settings.insert("REDIS_URL", redis.url().to_owned());
        settings.insert("REDIS_KEY_PREFIX", redis.prefix().to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_those_of_all_instances() {
    let redis = TestRedis::create().await;
    let world = World::start_with(on(&redis)).await;
    let other = world.another_with(on(&redis)).await;
    let mut first = open_topics(&world.url, CARO, LIVE).await;
    first.next().await;
    assert_eq!(next(&mut first).await.data, viewers(1));
    let mut second = open_topics(&other.url, DORA, LIVE).await;
    second.next().await;
    let two = viewers(2);
    assert_eq!(next(&mut first).await.data, two);
    while next(&mut second).await.data != two {}
    drop(second);
    assert_eq!(next(&mut first).await.data, viewers(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_redis_has_forgotten_are_said_again() {
    let redis = TestRedis::create().await;
    let world = World::start_with(on(&redis)).await;
    let other = world.another_with(on(&redis)).await;
    let mut first = open_topics(&world.url, CARO, LIVE).await;
    let mut second = open_topics(&other.url, DORA, LIVE).await;
    for stream in [&mut first, &mut second] {
        stream.next().await;
    }
    let two = viewers(2);
    while next(&mut first).await.data != two {}
    redis.clear().await;
    // Whoever comes now is said at once, and must not stand for all who were there.
    let others = [&world, &other].map(|world| open_topics(&world.url, EMA, OTHER_LIVE));
    let _others = join_all(others).await;
    assert_ne!(next(&mut first).await.data, two);
    while next(&mut first).await.data != two {}
}
