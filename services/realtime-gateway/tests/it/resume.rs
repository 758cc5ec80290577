//! Coming back, to this instance or another: exactly what was missed, in order, then what happens.

use crate::{
    events::{PUBLIC, message, publish, published, sent},
    people::SHOP,
    sse::{Sse, ask, come_back},
    world::World,
};

/// Commits and announces.
async fn write(world: &World, audience: &str, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let event = message(audience, number);
        world.past.commit(&event);
        publish(&world.bus, &[event]).await;
    }
}

async fn hears(stream: &mut Sse, audience: &str, numbers: std::ops::RangeInclusive<u64>) -> String {
    let mut last = String::new();
    for number in numbers {
        let heard = stream.next().await;
        assert_eq!(heard.read_to(audience), number, "{heard:?}");
        last = heard.id.unwrap();
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_hears_what_it_missed_and_then_what_happens() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    write(&world, SHOP, 1..=2).await;
    let id = hears(&mut stream, SHOP, 1..=2).await;
    drop(stream);
    write(&world, SHOP, 3..=7).await;
    let mut stream = come_back(&world.url, SHOP, &id).await;
    assert_eq!(stream.next().await.event, "chat:connected");
    hears(&mut stream, SHOP, 3..=7).await;
    write(&world, SHOP, 8..=9).await;
    hears(&mut stream, SHOP, 8..=9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_knows_what_was_missed_too() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    write(&world, SHOP, 1..=2).await;
    let id = hears(&mut stream, SHOP, 1..=2).await;
    drop(stream);
    write(&world, SHOP, 3..=40).await;
    let other = world.another().await;
    let mut stream = come_back(&other.url, SHOP, &id).await;
    assert_eq!(stream.next().await.event, "chat:connected");
    hears(&mut stream, SHOP, 3..=40).await;
    write(&world, SHOP, 41..=42).await;
    hears(&mut stream, SHOP, 41..=42).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_loaded_goes_on_where_it_ends() {
    let world = World::start().await;
    write(&world, SHOP, 1..=5).await;
    let since = avvivo_contracts::cursor::Cursor::of(SHOP, 3);
    let mut stream = Sse::of(ask(&world.url, SHOP, &format!("?since={since}")).await);
    assert_eq!(stream.next().await.event, "chat:connected");
    hears(&mut stream, SHOP, 4..=5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_half_read_is_read_to_its_end() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    let event = sent(SHOP, 1);
    world.past.commit(&event);
    publish(&world.bus, &[event]).await;
    let first = stream.next().await;
    assert_eq!(
        (first.event.as_str(), first.read_to(SHOP)),
        ("chat:new_message", 0)
    );
    drop(stream);
    let mut stream = come_back(&world.url, SHOP, &first.id.unwrap()).await;
    stream.next().await;
    let second = stream.next().await;
    assert_eq!(
        (second.event.as_str(), second.read_to(SHOP)),
        ("chat:unread_update", 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bus_loses_is_fetched_and_nobody_notices() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    for number in 1..=6 {
        let event = message(SHOP, number);
        world.past.commit(&event);
        if ![2, 3, 5].contains(&number) {
            publish(&world.bus, &[event]).await;
        }
    }
    hears(&mut stream, SHOP, 1..=6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_any_more_is_told_and_the_stream_goes_on() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    for number in 1..=3 {
        world.past.commit(&message(SHOP, number));
    }
    world.past.forget(SHOP, 2);
    publish(&world.bus, &[message(SHOP, 3)]).await;
    let notice = stream.next().await;
    assert_eq!((notice.event.as_str(), notice.retry), ("chat:resync", None));
    assert_eq!(notice.data["reason"], "gap");
    assert_eq!(
        (&notice.data["from"], &notice.data["to"]),
        (&1.into(), &2.into())
    );
    assert_eq!(notice.data["topic"], SHOP);
    hears(&mut stream, SHOP, 3..=3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_down_beside_one_that_catches_up_takes_nothing_from_them() {
    let world = World::start().await;
    write(&world, SHOP, 1..=9).await;
    let other = world.another().await;
    let since = avvivo_contracts::cursor::Cursor::of(SHOP, 2).to_string();
    world.past.slow_down(500);
    let mut first = come_back(&other.url, SHOP, &since).await;
    // Its history is on the way. The others' right is known, so they are there before; some on the same reactor.
    world.past.slow_down(0);
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(other.connect(SHOP).await);
    }
    write(&world, SHOP, 10..=12).await;
    assert_eq!(first.next().await.event, "chat:connected");
    hears(&mut first, SHOP, 3..=12).await;
    for stream in &mut others {
        hears(stream, SHOP, 10..=12).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_the_history_has_forgotten_is_told() {
    let world = World::start().await;
    write(&world, SHOP, 1..=9).await;
    world.past.forget(SHOP, 5);
    let other = world.another().await;
    let since = avvivo_contracts::cursor::Cursor::of(SHOP, 2).to_string();
    let mut stream = come_back(&other.url, SHOP, &since).await;
    stream.next().await;
    let notice = stream.next().await;
    assert_eq!(
        (&notice.data["from"], &notice.data["to"]),
        (&3.into(), &5.into())
    );
    hears(&mut stream, SHOP, 6..=9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_of_ours_is_told_and_the_stream_goes_on() {
    let world = World::start().await;
    write(&world, SHOP, 1..=2).await;
    let ahead = avvivo_contracts::cursor::Cursor::of(SHOP, 99).to_string();
    for id in ["shop-42", &ahead] {
        let mut stream = come_back(&world.url, SHOP, id).await;
        stream.next().await;
        let notice = stream.next().await;
        assert_eq!(notice.data["reason"], "gap", "{id}");
    }
    let mut stream = world.connect(SHOP).await;
    publish(&world.bus, &[published(1, 1)]).await;
    assert_eq!(stream.next().await.read_to(PUBLIC), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_topics_carries_what_it_was_asked_for_and_no_more() {
    let world = World::start().await;
    let url = format!("{}/realtime/stream?topics=chat&ticket={SHOP}", world.url);
    let mut stream = Sse::of(reqwest::get(url).await.unwrap());
    let greeting = stream.next().await;
    assert_eq!(greeting.event, "realtime:connected");
    assert_eq!(greeting.data["channel"], SHOP);
    publish(&world.bus, &[published(1, 1)]).await;
    write(&world, SHOP, 1..=1).await;
    hears(&mut stream, SHOP, 1..=1).await;
    let nothing = reqwest::get(format!("{}/realtime/stream", world.url)).await;
    assert_eq!(nothing.unwrap().status(), 401);
}
