//! The event bus on Redis.

use std::time::Duration;

use avvivo_contracts::events::v1::Event;
use avvivo_ports::{
    BusError, EventBus, EventStream, OutboundEvent, Subscribe,
    contract::{
        event_bus::{self as contract, event, everything, hear, publish_all},
        fresh,
    },
};
use avvivo_redis::{RedisBus, RedisSettings};
use futures::StreamExt as _;
use prost::Message as _;
use redis::Commands as _;
use tokio::time::timeout;

use crate::support::{TestServer, wait_until};

/// Noticing that somebody is mute takes two limits; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const NAME: &str = "chat:events";
const SHOPS: &str = "avvivo:chat:events:shop";

fn bus(server: &TestServer) -> RedisBus {
    RedisBus::new(&server.settings(), NAME).unwrap()
}

macro_rules! keeps_the_contract {
    ($($name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let server = TestServer::start();
            let bus = bus(&server);
            contract::$name(&bus).await;
            bus.close().await;
        }
    )+};
}

// All of it but that a dropped delivery comes again.
keeps_the_contract!(
    order_is_kept_within_an_audience,
    a_batch_larger_than_every_bound_is_published_whole,
    every_instance_hears_everything,
    a_class_hears_only_its_own,
    an_instance_that_comes_back_hears_what_is_new,
    a_refused_event_holds_back_its_audience_and_nobody_else,
);

/// How many events come before the error that ends the stream, and the error.
async fn until_loss(stream: &mut EventStream) -> (usize, BusError) {
    let ended = async {
        let mut count = 0;
        loop {
            match stream.next().await.expect("it ended without a word") {
                Ok(delivery) => drop(delivery.ack()),
                Err(error) => break (count, error),
            }
            count += 1;
        }
    };
    let ended = timeout(PATIENCE, ended).await.unwrap();
    assert!(stream.next().await.is_none(), "nothing comes after a loss");
    ended
}

fn is_unavailable<T>(answer: &Result<T, BusError>) -> bool {
    matches!(answer, Err(BusError::Unavailable { .. }))
}

async fn publishes_and_hears(bus: &RedisBus, stream: &mut EventStream) {
    let audience = fresh("shop:after");
    publish_all(bus, vec![event(&audience, 7)]).await;
    assert_eq!(hear(stream).await.audience, audience);
}

#[tokio::test]
async fn a_killed_server_ends_the_stream_and_a_new_one_is_heard() {
    let mut server = TestServer::start();
    let bus = bus(&server);
    let mut stream = bus.subscribe(everything("killed")).await.unwrap();
    publishes_and_hears(&bus, &mut stream).await;

    server.kill();

    let (heard, error) = until_loss(&mut stream).await;
    assert!(matches!(error, BusError::Unavailable { .. }), "{error}");
    assert_eq!(heard, 0);
    assert!(is_unavailable(&bus.subscribe(everything("away")).await));
    let answers = bus
        .publish(vec![event("shop:1", 1), event("shop:2", 1)])
        .await;
    assert!(answers.iter().all(is_unavailable), "{answers:?}");

    server.restart();

    let mut stream = bus.subscribe(everything("again")).await.unwrap();
    publishes_and_hears(&bus, &mut stream).await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_as_good_as_dead() {
    let server = TestServer::start();
    let bus = bus(&server);
    let mut stream = bus.subscribe(everything("mute")).await.unwrap();
    publishes_and_hears(&bus, &mut stream).await;

    server.freeze();

    let (answers, (heard, error)) = tokio::join!(
        timeout(PATIENCE, bus.publish(vec![event("shop:1", 1)])),
        until_loss(&mut stream)
    );
    let subscribed = timeout(PATIENCE, bus.subscribe(everything("frozen"))).await;
    server.thaw();
    assert!(answers.unwrap().iter().all(is_unavailable));
    assert!(matches!(error, BusError::Unavailable { .. }), "{error}");
    assert_eq!(heard, 0);
    assert!(is_unavailable(&subscribed.unwrap()));

    let mut stream = bus.subscribe(everything("thawed")).await.unwrap();
    publishes_and_hears(&bus, &mut stream).await;
}

#[tokio::test]
async fn a_lost_connection_is_never_made_again_in_silence() {
    let server = TestServer::start();
    let bus = bus(&server);
    let mut stream = bus.subscribe(everything("cut")).await.unwrap();
    publishes_and_hears(&bus, &mut stream).await;
    let cut: u32 = redis::cmd("CLIENT")
        .arg(&["KILL", "TYPE", "pubsub"])
        .query(&mut server.observer())
        .unwrap();
    assert_eq!(cut, 1);
    publish_all(&bus, vec![event("shop:1", 1)]).await;
    assert_eq!(until_loss(&mut stream).await.0, 0);
}

/// An event of about so many bytes.
fn large(sequence: u64, bytes: usize) -> OutboundEvent {
    let OutboundEvent { id, audience, .. } = event("shop:large", sequence);
    let event = Event {
        id: id.to_string(),
        audience: audience.clone(),
        sequence,
        traceparent: "x".repeat(bytes),
        ..Event::default()
    };
    OutboundEvent {
        id,
        audience,
        payload: event.encode_to_vec().into(),
    }
}

#[tokio::test]
async fn who_does_not_read_is_told_so_and_costs_the_others_nothing() {
    let server = TestServer::start();
    let bus = bus(&server);
    for (bytes, count, most) in [(10, 6_000, 4_096), (500_000, 60, 34)] {
        let mut slow = bus.subscribe(everything("slow")).await.unwrap();
        let mut quick = bus.subscribe(everything("quick")).await.unwrap();
        let publishing = async {
            for start in (0..count).step_by(20) {
                let batch = (start..start + 20).map(|number| large(number, bytes));
                publish_all(&bus, batch.collect()).await;
            }
        };
        let reading = async {
            for number in 0..count {
                assert_eq!(hear(&mut quick).await.sequence, number);
            }
        };
        tokio::join!(publishing, reading);
        let (heard, error) = until_loss(&mut slow).await;
        assert!(0 < heard && heard <= most, "{heard} were kept");
        assert!(error.to_string().contains("too slow"), "{error}");
    }
}

#[tokio::test]
async fn an_unreadable_message_is_dropped_and_holds_nobody_up() {
    let server = TestServer::start();
    let bus = bus(&server);
    let mut stream = bus.subscribe(everything("poison")).await.unwrap();
    let receivers: u32 = server
        .observer()
        .publish(SHOPS, b"\xff\xff\xff not a message".as_slice())
        .unwrap();
    assert_eq!(receivers, 1);
    publishes_and_hears(&bus, &mut stream).await;
}

#[tokio::test]
async fn closing_ends_the_streams_without_an_error() {
    let server = TestServer::start();
    let bus = bus(&server);
    let mut stream = bus.subscribe(everything("closing")).await.unwrap();
    bus.close().await;
    assert!(stream.next().await.is_none());
    let listening: u32 = redis::cmd("PUBSUB")
        .arg("NUMPAT")
        .query(&mut server.observer())
        .unwrap();
    assert_eq!(listening, 0);
}

#[tokio::test]
async fn a_reader_that_goes_away_takes_its_connection_along() {
    let server = TestServer::start();
    let bus = bus(&server);
    let mut observer = server.observer();
    drop(bus.subscribe(everything("leaving")).await.unwrap());
    wait_until("nobody listens", async || {
        let listening: u32 = redis::cmd("PUBSUB")
            .arg("NUMPAT")
            .query(&mut observer)
            .unwrap();
        listening == 0
    })
    .await;
}

#[tokio::test]
async fn buses_of_other_names_do_not_mix() {
    let server = TestServer::start();
    let ours = bus(&server);
    let settings = RedisSettings {
        key_prefix: "other".to_owned(),
        ..server.settings()
    };
    let others = [
        RedisBus::new(&settings, NAME).unwrap(),
        RedisBus::new(&server.settings(), "chat").unwrap(),
    ];
    let mut stream = ours.subscribe(everything("ours")).await.unwrap();
    for other in &others {
        publish_all(other, vec![event("shop:theirs", 1)]).await;
    }
    publishes_and_hears(&ours, &mut stream).await;
}

#[tokio::test]
async fn a_class_that_cannot_be_one_is_refused() {
    let server = TestServer::start();
    let subscribe = Subscribe {
        instance: fresh("class"),
        audience_class: Some("*".to_owned()),
    };
    let refused = bus(&server).subscribe(subscribe).await.map(|_| ());
    assert!(
        matches!(refused, Err(BusError::Refused { .. })),
        "{refused:?}"
    );
}
