//! The event bus on gcp-local.

use std::net::SocketAddr;
use std::time::Duration;

use avvivo_ports::{BusError, EventBus, Subscribe};
use avvivo_testkit::{Seen, wait_for};
use futures::StreamExt as _;

use crate::clients;
use crate::contract::event_bus::{
    self as contract, event, everything, hear, hear_different, publish_all,
};
use crate::contract::fresh;
use crate::local::{self, Mortal};

macro_rules! keeps_the_contract {
    ($($name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let server = local::start().await;
            let bus = clients::bus(&local::environment(&server)).await;
            bus.ensure_topic().await.unwrap();
            contract::$name(&bus).await;
            bus.close().await;
        }
    )+};
}

keeps_the_contract!(
    order_is_kept_within_an_audience,
    a_batch_larger_than_every_bound_is_published_whole,
    every_instance_hears_everything,
    a_dropped_delivery_comes_again,
    a_class_hears_only_its_own,
    an_instance_that_comes_back_hears_what_is_new,
    a_refused_event_holds_back_its_audience_and_nobody_else,
);

#[tokio::test]
async fn the_topic_may_be_ensured_again_and_again() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    bus.ensure_topic().await.unwrap();
    bus.ensure_topic().await.unwrap();
}

#[tokio::test]
async fn closing_ends_the_streams_and_deletes_their_subscriptions() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    let subscribe = everything("closing");
    let mut stream = bus.subscribe(subscribe.clone()).await.unwrap();
    assert!(subscription_exists(server.url(), &subscribe).await);
    bus.close().await;
    assert!(stream.next().await.is_none());
    assert!(!subscription_exists(server.url(), &subscribe).await);
}

#[tokio::test]
async fn a_reader_that_goes_away_takes_its_subscription_along() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    let subscribe = everything("leaving");
    drop(bus.subscribe(subscribe.clone()).await.unwrap());
    wait_for(
        "the subscription to go",
        Duration::from_secs(10),
        async || {
            if subscription_exists(server.url(), &subscribe).await {
                Seen::NotYet("still there")
            } else {
                Seen::Done(())
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_reader_that_comes_back_at_once_keeps_its_subscription() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    bus.ensure_topic().await.unwrap();
    let subscribe = everything("hasty");
    let audience = fresh("shop:hasty");
    // Every round leaves a listener that is about to delete the subscription by its name.
    for round in 1..=20 {
        let mut stream = bus.subscribe(subscribe.clone()).await.unwrap();
        publish_all(&bus, vec![event(&audience, round)]).await;
        assert_eq!(hear(&mut stream).await.sequence, round);
    }
    bus.close().await;
}

#[tokio::test]
async fn an_unreadable_message_is_dropped_and_holds_nobody_up() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    bus.ensure_topic().await.unwrap();
    let mut stream = bus.subscribe(everything("poison")).await.unwrap();
    let audience = fresh("shop:poison");
    let mut poison = event(&audience, 1);
    poison.payload = b"\xff\xff\xff not a message".as_slice().into();
    publish_all(&bus, vec![poison, event(&audience, 2)]).await;
    assert_eq!(hear(&mut stream).await.sequence, 2);
    bus.close().await;
}

#[tokio::test]
async fn a_subscription_that_somebody_deleted_is_made_again() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    bus.ensure_topic().await.unwrap();
    let subscribe = everything("deleted");
    let mut stream = bus.subscribe(subscribe.clone()).await.unwrap();
    let url = subscription_url(server.url(), &subscribe);
    let deleted = reqwest::Client::new().delete(url).send().await.unwrap();
    assert!(deleted.status().is_success());
    assert!(matches!(stream.next().await, Some(Err(_))));
    hears_again(&bus, &mut stream).await;
    bus.close().await;
}

#[test]
fn a_server_that_dies_and_returns_empty_is_heard_again() {
    let server = Mortal::start(SocketAddr::from(([127, 0, 0, 1], 0)));
    let (addr, environment) = (server.addr(), server.environment());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (bus, mut stream) = runtime.block_on(async {
        let bus = clients::bus(&environment).await;
        bus.ensure_topic().await.unwrap();
        let mut stream = bus.subscribe(everything("outage")).await.unwrap();
        publish_all(&bus, vec![event(&fresh("shop:before"), 1)]).await;
        hear(&mut stream).await;
        (bus, stream)
    });
    server.kill();
    runtime.block_on(async {
        let lost = tokio::time::timeout(Duration::from_secs(15), stream.next()).await;
        assert!(matches!(
            lost.unwrap(),
            Some(Err(BusError::Unavailable { .. }))
        ));
        let answers = bus.publish(vec![event(&fresh("shop:during"), 1)]).await;
        assert!(matches!(answers[0], Err(BusError::Unavailable { .. })));
    });
    let server = Mortal::start(addr);
    runtime.block_on(async {
        hears_again(&bus, &mut stream).await;
        bus.close().await;
    });
    server.kill();
}

#[test]
fn what_waits_on_a_server_that_was_away_is_heard_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Mortal::start_in(folder.path(), anywhere);
    let (addr, environment) = (server.addr(), server.environment());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (bus, mut stream) = runtime.block_on(async {
        let bus = clients::bus(&environment).await;
        bus.ensure_topic().await.unwrap();
        let mut stream = bus.subscribe(everything("interrupted")).await.unwrap();
        publish_all(&bus, vec![event(&fresh("shop:before"), 1)]).await;
        hear(&mut stream).await;
        (bus, stream)
    });
    server.kill();
    // By now the client pauses for seconds, and soon for half a minute.
    let away = Duration::from_millis(3_500);
    runtime.block_on(async { tokio::time::sleep(away).await });
    let server = Mortal::start_in(folder.path(), addr);
    runtime.block_on(async {
        let told = event(&fresh("shop:after"), 7);
        wait_for(
            "it to be published",
            Duration::from_secs(10),
            async || match bus.publish(vec![told.clone()]).await.remove(0) {
                Ok(()) => Seen::Done(()),
                Err(error) => Seen::NotYet(error),
            },
        )
        .await;
        let hearing = async {
            loop {
                // That it was away may be told or not, and what was not confirmed comes again; nothing is lost.
                let told = stream.next().await.unwrap();
                if told.is_ok_and(|told| told.ack().sequence == 7) {
                    break;
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(5), hearing).await;
        heard.unwrap();
        bus.close().await;
    });
    server.kill();
}

/// Publishes until something is heard. Each try is an audience of its own: what was published
/// before the subscription was back is gone, and that is what the `Err` said.
async fn hears_again(bus: &dyn EventBus, stream: &mut avvivo_ports::EventStream) {
    wait_for(
        "the bus to be heard again",
        Duration::from_secs(30),
        async || {
            let answers = bus.publish(vec![event(&fresh("shop:after"), 1)]).await;
            let heard = tokio::time::timeout(Duration::from_secs(1), stream.next()).await;
            match heard {
                Ok(Some(Ok(delivery))) => Seen::Done(delivery.ack()),
                other => Seen::NotYet((answers, other.map(|item| item.map(Result::err)))),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn events_after_a_failure_wait_for_it() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    // Without a topic nothing is published, and nothing is lost for good either.
    let audience = fresh("shop:later");
    let batch = || (1..=3).map(|sequence| event(&audience, sequence)).collect();
    for answer in bus.publish(batch()).await {
        assert!(
            matches!(answer, Err(BusError::Unavailable { .. })),
            "{answer:?}"
        );
    }
    bus.ensure_topic().await.unwrap();
    let mut stream = bus.subscribe(everything("later")).await.unwrap();
    publish_all(&bus, batch()).await;
    for sequence in 1..=3 {
        assert_eq!(hear(&mut stream).await.sequence, sequence);
    }
    bus.close().await;
}

#[tokio::test]
async fn thousands_of_audiences_are_published_without_losing_order() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    bus.ensure_topic().await.unwrap();
    let mut stream = bus.subscribe(everything("many")).await.unwrap();
    let steady = fresh("shop:steady");
    // More audiences than the client is allowed to remember, with one that is in every batch.
    for round in 1..=5_u64 {
        let batch = (0..1_000).map(|_| event(&fresh("client:many"), 1));
        let batch = batch.chain([event(&steady, round)]).collect();
        publish_all(&bus, batch).await;
    }
    let heard = hear_different(&mut stream, 5_005).await;
    let sequences = heard.iter().filter(|event| event.audience == steady);
    let sequences: Vec<_> = sequences.map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    bus.close().await;
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused() {
    let server = local::start().await;
    let bus = clients::bus(&local::environment(&server)).await;
    let subscribe = Subscribe {
        instance: "a/b".to_owned(),
        audience_class: None,
    };
    let refused = bus.subscribe(subscribe).await.map(|_| ());
    assert!(
        matches!(refused, Err(BusError::Refused { .. })),
        "{refused:?}"
    );
}

fn subscription_url(server: &str, subscribe: &Subscribe) -> String {
    let project = clients::PROJECT;
    let instance = &subscribe.instance;
    format!("{server}/v1/projects/{project}/subscriptions/gateway-{instance}")
}

async fn subscription_exists(server: &str, subscribe: &Subscribe) -> bool {
    let url = subscription_url(server, subscribe);
    reqwest::get(url).await.unwrap().status().is_success()
}
