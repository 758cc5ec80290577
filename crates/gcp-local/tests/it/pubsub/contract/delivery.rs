//! Messages get there, once, and come back when nobody takes care of them.

use std::collections::BTreeSet;

use google_cloud_pubsub::model::Subscription;
use serde_json::json;

use crate::pubsub::site::{LIMIT, Site, note, text};
use crate::support::wait_for;

pub(in crate::pubsub) async fn messages_arrive_whole(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    let mut inbox = site.receive("reader", 10).await;
    let sent = note("hello").set_attributes([("kind", "greeting"), ("empty", "")]);
    let ids = site.publish([sent]).await;
    let (message, handler) = inbox.next().await;
    assert_eq!(text(&message), "hello");
    assert_eq!(message.message_id, ids[0]);
    assert_eq!(
        message.attributes.get("kind").map(String::as_str),
        Some("greeting")
    );
    assert_eq!(
        message.attributes.get("empty").map(String::as_str),
        Some("")
    );
    assert!(message.publish_time.is_some());
    handler.ack();
}

pub(in crate::pubsub) async fn a_message_goes_to_every_subscription_once(site: &Site) {
    site.subscribe("reader-1", Subscription::new()).await;
    site.subscribe("reader-2", Subscription::new()).await;
    let mut one = site.receive("reader-1", 100).await;
    let mut other_stream = site.receive("reader-1", 100).await;
    let mut two = site.receive("reader-2", 100).await;
    site.publish((0..50).map(|number| note(format!("{number:02}"))))
        .await;
    let expected: BTreeSet<_> = (0..50).map(|number| format!("{number:02}")).collect();
    assert_eq!(
        two.read(50).await.into_iter().collect::<BTreeSet<_>>(),
        expected
    );
    let mut shared = Vec::new();
    wait_for(
        "both streams together get every message",
        LIMIT,
        async || {
            for (message, handler) in [one.arrived(), other_stream.arrived()]
                .into_iter()
                .flatten()
            {
                handler.ack();
                shared.push(text(&message));
            }
            if shared.len() == 50 {
                Ok(())
            } else {
                Err(shared.len())
            }
        },
    )
    .await;
    assert_eq!(shared.into_iter().collect::<BTreeSet<_>>(), expected);
}

pub(in crate::pubsub) async fn a_nacked_message_comes_back(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    let mut inbox = site.receive("reader", 10).await;
    site.publish([note("again")]).await;
    let (first, handler) = inbox.next().await;
    handler.nack();
    let (second, handler) = inbox.next().await;
    handler.ack();
    assert_eq!(first.message_id, second.message_id);
}

pub(in crate::pubsub) async fn a_lease_that_runs_out_brings_its_message_back(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    site.publish([note("slow")]).await;
    let reader = site.subscription("reader");
    let pull = || site.post(&reader, "pull", json!({ "maxMessages": 1 }));
    let (_, received) = pull().await;
    let ack_id = received["receivedMessages"][0]["ackId"].clone();
    let shorten = json!({ "ackIds": [ack_id], "ackDeadlineSeconds": 1 });
    site.post(&reader, "modifyAckDeadline", shorten).await;
    let again = wait_for("the lease runs out", LIMIT, async || {
        let (_, again) = pull().await;
        if again["receivedMessages"][0].is_object() {
            Ok(again)
        } else {
            Err(again)
        }
    })
    .await;
    let (first, second) = (
        &received["receivedMessages"][0],
        &again["receivedMessages"][0],
    );
    assert_eq!(
        first["message"]["messageId"],
        second["message"]["messageId"]
    );
    assert_ne!(first["ackId"], second["ackId"]);
    site.post(
        &reader,
        "acknowledge",
        json!({ "ackIds": [second["ackId"]] }),
    )
    .await;
}

pub(in crate::pubsub) async fn a_dropped_stream_gives_its_messages_back_at_once(site: &Site) {
    let slow = Subscription::new().set_ack_deadline_seconds(600);
    site.subscribe("reader", slow).await;
    let mut gone = site.receive("reader", 100).await;
    site.publish((0..20).map(|number| note(format!("{number:02}"))))
        .await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(gone.next().await);
    }
    drop(gone);
    let mut heir = site.receive("reader", 100).await;
    let inherited: BTreeSet<_> = heir.read(20).await.into_iter().collect();
    assert_eq!(inherited.len(), 20);
}

pub(in crate::pubsub) async fn flow_control_bounds_what_is_outstanding(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    site.publish((0..30).map(|number| note(format!("{number:02}"))))
        .await;
    let mut narrow = site.receive("reader", 10).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(narrow.next().await);
    }
    // Another stream gets all the others, so none of them was on its way to the first.
    let mut wide = site.receive("reader", 100).await;
    wide.read(20).await;
    assert!(narrow.arrived().is_none());
    for (_, handler) in held {
        handler.ack();
    }
}

pub(in crate::pubsub) async fn a_thousand_messages_pass(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    let mut inbox = site.receive("reader", 1000).await;
    site.publish((0..1000).map(|number| note(format!("{number:04}"))))
        .await;
    let texts: BTreeSet<_> = inbox.read(1000).await.into_iter().collect();
    assert_eq!(texts.len(), 1000);
}
