//! `proto/asyncapi.yaml` describes what the streams say: every event of the contracts, every frame as it is really sent, and
//! nothing that is never sent.

mod document;
mod samples;

use std::collections::{BTreeMap, BTreeSet};

use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, event::Payload},
};

use crate::{
    asyncapi::document::{Document, contracts, unset_fields},
    events::{PUBLIC, event, publish},
    people::{SHOP, SHOP_ID},
    sse::{Sse, ask},
    world::World,
};

/// Topics that tell how many there are.
const COUNTS: [&str; 2] = [
    "presence:client:0a000000-0000-7000-8000-000000000015",
    "live:4e1f8d70-2222-7333-8444-a55566677788",
];

#[test]
fn every_event_has_its_messages_and_every_message_its_event() {
    let document = Document::read();
    let payloads: BTreeSet<String> = contracts()
        .payloads()
        .map(|field| field.name().to_owned())
        .collect();
    let untold = document.untold();
    let described: BTreeSet<String> = document.all("x-payload").chain(untold).collect();
    assert_eq!(described, payloads);
    document.is_complete();
}

#[test]
fn the_samples_are_of_every_event_with_all_its_fields_and_with_few() {
    let contracts = contracts();
    let payloads: BTreeSet<String> = contracts
        .payloads()
        .map(|field| field.name().to_owned())
        .collect();
    for (what, samples) in [("full", samples::full()), ("bare", samples::bare())] {
        let of: BTreeSet<String> = samples
            .into_iter()
            .map(|payload| contracts.payload_of(&event(SHOP, 1, payload)).0)
            .collect();
        assert_eq!(of, payloads, "{what} samples");
    }
    for payload in samples::full() {
        let (name, message) = contracts.payload_of(&event(SHOP, 1, payload));
        assert_eq!(unset_fields(&message), Vec::<String>::new(), "of {name}");
    }
}

#[test]
fn the_client_for_browsers_has_a_type_for_every_event_and_member() {
    let types = include_str!("../../client/avvivo-realtime.d.ts");
    let document = Document::read();
    for (name, members) in document.events() {
        assert!(types.contains(&format!("'{name}': ")), "{name}");
        for member in members {
            let is_there = [format!("  {member}: "), format!("  {member}?: ")];
            assert!(
                is_there.iter().any(|spelled| types.contains(spelled)),
                "{member} of {name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_as_it_is_described_and_all_of_it_is_sent() {
    let document = Document::read();
    let world = World::start().await;
    let mut chat = Sse::of(ask(&world.url, SHOP, "").await);
    let mut topics = listen_to_topics(&world, SHOP).await;
    let mut seen = BTreeSet::new();
    for stream in [&mut chat, &mut topics] {
        seen.insert(document.describes(&stream.next().await));
    }

    let frames = tell_everything(&world).await;
    for stream in [&mut chat, &mut topics] {
        for _ in 0..frames {
            seen.insert(document.describes(&stream.next().await));
        }
    }
    for state in states() {
        publish(&world.bus, &[state]).await;
        for stream in [&mut chat, &mut topics] {
            seen.insert(document.describes(&stream.next().await));
        }
    }
    lose_something(&world).await;
    for stream in [&mut chat, &mut topics] {
        let notice = stream.next().await;
        assert_eq!(notice.data["reason"], "gap");
        seen.insert(document.describes(&notice));
        seen.insert(document.describes(&stream.next().await));
    }
    for topic in COUNTS {
        let mut stream = listen(&world, topic, SHOP).await;
        stream.next().await;
        seen.insert(document.describes(&stream.next().await));
    }
    let mut shed = Sse::of(ask(&world.url, "database-away", "").await);
    seen.insert(document.describes(&shed.next().await));
    let brief = format!("{SHOP};1");
    let ending = [
        Sse::of(ask(&world.url, &brief, "").await),
        listen_to_topics(&world, &brief).await,
    ];
    for mut stream in ending {
        // In between it may be told how things are.
        let mut last = String::new();
        while !last.ends_with(":resync") {
            last = document.describes(&stream.next().await);
            seen.insert(last.clone());
        }
        stream.ends().await;
    }
    for stream in [&mut chat, &mut topics] {
        seen.insert(document.describes(&stream.next().await));
    }
    assert_eq!(seen, document.names());
}

async fn listen_to_topics(world: &World, ticket: &str) -> Sse {
    listen(world, &format!("{SHOP},{PUBLIC}"), ticket).await
}

async fn listen(world: &World, topics: &str, ticket: &str) -> Sse {
    let url = format!(
        "{}/realtime/stream?topics={topics}&ticket={ticket}",
        world.url
    );
    Sse::of(reqwest::get(url).await.unwrap())
}

/// Every event that has a number, full and bare, to those who hear it; answers how many frames they are.
async fn tell_everything(world: &World) -> usize {
    let all = samples::full().into_iter().chain(samples::bare());
    let mut last = BTreeMap::new();
    let events: Vec<Event> = all
        .filter(|payload| !is_state(payload))
        .map(|payload| {
            let audience = match payload {
                Payload::ReelPublished(_) | Payload::ReelWithdrawn(_) => Audience::PublicReels,
                Payload::AccessChanged(_) => Audience::ControlAccess,
                Payload::ShopChanged(_) => Audience::PublicShops,
                _ => Audience::Shop(SHOP_ID.parse().unwrap()),
            };
            let number = last.entry(audience).or_default();
            *number += 1;
            event(&audience.to_string(), *number, payload)
        })
        .collect();
    for event in &events {
        world.past.commit(event);
    }
    publish(&world.bus, &events).await;
    let frames = |event: &Event| match event.payload {
        Some(Payload::ChatMessageSent(_)) => 2,
        Some(Payload::AccessChanged(_) | Payload::ShopChanged(_)) => 0,
        _ => 1,
    };
    events.iter().map(frames).sum()
}

/// What says how something is now, full and bare: without a number.
fn states() -> impl Iterator<Item = Event> {
    let all = samples::full().into_iter().chain(samples::bare());
    all.filter(is_state).map(|payload| event(SHOP, 0, payload))
}

fn is_state(payload: &Payload) -> bool {
    matches!(payload, Payload::ChatTyping(_))
}

/// Two events that nobody has any more, and one after them.
async fn lose_something(world: &World) {
    let last = world.past.head(SHOP);
    let small = |number| event(SHOP, last + number, Payload::ChatRead(samples::bare_read()));
    for number in 1..=3 {
        world.past.commit(&small(number));
    }
    world.past.forget(SHOP, last + 2);
    publish(&world.bus, &[small(3)]).await;
}
