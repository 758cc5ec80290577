//! The contract of [`EventBus`].
//!
//! [`a_dropped_delivery_comes_again`] is for those that keep what nobody confirmed.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use avvivo_contracts::events::v1::Event;
use avvivo_kernel::EventId;
use futures::StreamExt as _;
use prost::Message as _;
use uuid::Uuid;

use super::fresh;
use crate::{BusError, EventBus, EventStream, OutboundEvent, Subscribe};

/// Emulators on a busy machine take seconds for what takes milliseconds alone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wants every event.
pub fn everything(instance: &str) -> Subscribe {
    Subscribe {
        instance: fresh(instance),
        audience_class: None,
    }
}

/// An event of that number.
pub fn event(audience: &str, sequence: u64) -> OutboundEvent {
    let id = Uuid::now_v7();
    let event = Event {
        id: id.to_string(),
        audience: audience.to_owned(),
        sequence,
        ..Event::default()
    };
    OutboundEvent {
        id: EventId::from(id),
        audience: audience.to_owned(),
        payload: event.encode_to_vec().into(),
    }
}

/// Publishes what no bus has a reason to refuse.
pub async fn publish_all(bus: &dyn EventBus, events: Vec<OutboundEvent>) {
    for answer in bus.publish(events).await {
        answer.unwrap();
    }
}

/// The next event, acknowledged.
pub async fn hear(stream: &mut EventStream) -> Event {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
    let item = next.expect("nothing was heard in time");
    item.expect("the stream ended").unwrap().ack()
}

/// The first `count` different events in the order of their first arrival.
pub async fn hear_different(stream: &mut EventStream, count: usize) -> Vec<Event> {
    let mut seen = HashSet::new();
    let mut events = Vec::new();
    while events.len() < count {
        let event = hear(stream).await;
        if seen.insert(event.id.clone()) {
            events.push(event);
        }
    }
    events
}

/// Whoever listens hears an audience's events in the order in which they were published.
pub async fn order_is_kept_within_an_audience(bus: &dyn EventBus) {
    let audiences: Vec<_> = (0..5).map(|_| fresh("shop:order")).collect();
    let mut stream = bus.subscribe(everything("order")).await.unwrap();
    for start in (1..=100).step_by(20) {
        let batch = (start..start + 20)
            .flat_map(|sequence| audiences.iter().map(move |to| event(to, sequence)))
            .collect();
        publish_all(bus, batch).await;
    }
    let mut last: HashMap<String, u64> = HashMap::new();
    for heard in hear_different(&mut stream, 500).await {
        let before = last
            .insert(heard.audience.clone(), heard.sequence)
            .unwrap_or(0);
        assert_eq!(heard.sequence, before + 1, "{}", heard.audience);
    }
    assert_eq!(last.len(), 5);
}

/// However many there are.
pub async fn a_batch_larger_than_every_bound_is_published_whole(bus: &dyn EventBus) {
    let audience = fresh("shop:large");
    let mut stream = bus.subscribe(everything("large")).await.unwrap();
    let batch = (1..=1_500)
        .map(|sequence| event(&audience, sequence))
        .collect();
    publish_all(bus, batch).await;
    let heard = hear_different(&mut stream, 1_500).await;
    assert!(heard.is_sorted_by_key(|event| event.sequence));
}

/// Subscriptions do not share.
pub async fn every_instance_hears_everything(bus: &dyn EventBus) {
    let audience = fresh("shop:everything");
    let mut first = bus.subscribe(everything("first")).await.unwrap();
    let mut second = bus.subscribe(everything("second")).await.unwrap();
    let batch = (1..=20)
        .map(|sequence| event(&audience, sequence))
        .collect();
    publish_all(bus, batch).await;
    for stream in [&mut first, &mut second] {
        let sequences: Vec<_> = hear_different(stream, 20)
            .await
            .iter()
            .map(|event| event.sequence)
            .collect();
        assert_eq!(sequences, (1..=20).collect::<Vec<_>>());
    }
}

/// Until it is acknowledged.
pub async fn a_dropped_delivery_comes_again(bus: &dyn EventBus) {
    let mut stream = bus.subscribe(everything("drop")).await.unwrap();
    publish_all(bus, vec![event(&fresh("shop:drop"), 1)]).await;
    let next = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap();
    let first = next.unwrap().unwrap();
    let id = first.event().id.clone();
    drop(first);
    assert_eq!(hear(&mut stream).await.id, id);
}

/// Whoever wants one class gets one class.
pub async fn a_class_hears_only_its_own(bus: &dyn EventBus) {
    let shops = Subscribe {
        instance: fresh("class"),
        audience_class: Some("shop".to_owned()),
    };
    let mut stream = bus.subscribe(shops).await.unwrap();
    let (shop, client) = (fresh("shop:class"), fresh("client:class"));
    let batch = vec![
        event(&client, 1),
        event(&shop, 1),
        event(&client, 2),
        event(&shop, 2),
    ];
    publish_all(bus, batch).await;
    for sequence in [1, 2] {
        let heard = hear(&mut stream).await;
        assert_eq!((heard.audience, heard.sequence), (shop.clone(), sequence));
    }
}

/// Whatever became of its earlier subscription.
pub async fn an_instance_that_comes_back_hears_what_is_new(bus: &dyn EventBus) {
    let subscribe = everything("return");
    let audience = fresh("shop:return");
    let mut stream = bus.subscribe(subscribe.clone()).await.unwrap();
    publish_all(bus, vec![event(&audience, 1)]).await;
    assert_eq!(hear(&mut stream).await.sequence, 1);
    drop(stream);
    let mut stream = bus.subscribe(subscribe).await.unwrap();
    publish_all(bus, vec![event(&audience, 2)]).await;
    assert_eq!(hear(&mut stream).await.sequence, 2);
}

/// What can never be published is refused, and what follows it has to wait.
pub async fn a_refused_event_holds_back_its_audience_and_nobody_else(bus: &dyn EventBus) {
    let (large, other) = (fresh("shop:refused"), fresh("shop:other"));
    let mut too_large = event(&large, 2);
    too_large.payload = vec![0; 12_000_000].into();
    let batch = vec![
        event(&large, 1),
        too_large,
        event(&other, 1),
        event(&large, 3),
    ];
    let answers = bus.publish(batch).await;
    assert!(answers[0].is_ok(), "{:?}", answers[0]);
    assert!(
        matches!(answers[1], Err(BusError::Refused { .. })),
        "{:?}",
        answers[1]
    );
    assert!(answers[2].is_ok(), "{:?}", answers[2]);
    assert!(
        matches!(answers[3], Err(BusError::Unavailable { .. })),
        "{:?}",
        answers[3]
    );
    publish_all(bus, vec![event(&large, 3)]).await;
}
