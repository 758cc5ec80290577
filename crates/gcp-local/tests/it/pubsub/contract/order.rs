//! Ordering keys.

use std::collections::HashMap;

use google_cloud_pubsub::model::Subscription;

use crate::pubsub::site::{Site, keyed, text};

pub(in crate::pubsub) async fn keyed_messages_arrive_in_order(site: &Site) {
    site.subscribe(
        "reader",
        Subscription::new().set_enable_message_ordering(true),
    )
    .await;
    let mut inbox = site.receive("reader", 1000).await;
    let messages = (0..100)
        .flat_map(|number| ["red", "green", "blue"].map(|key| keyed(key, format!("{number:03}"))));
    site.publish(messages).await;
    let mut by_key: HashMap<String, Vec<String>> = HashMap::new();
    for _ in 0..300 {
        let (message, handler) = inbox.next().await;
        handler.ack();
        by_key
            .entry(message.ordering_key.clone())
            .or_default()
            .push(text(&message));
    }
    for (key, texts) in by_key {
        assert_eq!(texts.len(), 100, "{key}");
        assert!(texts.is_sorted(), "{key}: {texts:?}");
    }
}

pub(in crate::pubsub) async fn a_nack_redelivers_all_later_messages_of_its_key(site: &Site) {
    site.subscribe(
        "reader",
        Subscription::new().set_enable_message_ordering(true),
    )
    .await;
    let mut inbox = site.receive("reader", 1000).await;
    site.publish((0..5).map(|number| keyed("key", number.to_string())))
        .await;
    let mut refused = false;
    let mut settled: Vec<String> = Vec::new();
    while settled.last().is_none_or(|last| last != "4") {
        let (message, handler) = inbox.next().await;
        let text = text(&message);
        if text == "2" && !refused {
            refused = true;
            handler.nack();
        } else if text.as_str() < "2" || refused_came_back(&settled, &text) {
            handler.ack();
            settled.push(text);
        } else {
            // Sent ahead of the answer to 2; this acknowledgement must not count.
            handler.ack();
        }
    }
    assert_eq!(settled, ["0", "1", "2", "3", "4"]);
}

/// After the refusal, what counts starts with the second coming of 2.
fn refused_came_back(settled: &[String], text: &str) -> bool {
    text == "2" || settled.last().is_some_and(|last| last.as_str() >= "2")
}
