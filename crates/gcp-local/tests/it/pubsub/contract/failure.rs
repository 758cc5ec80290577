//! Consumers that refuse.

use google_cloud_pubsub::model::{DeadLetterPolicy, PushConfig, Subscription};
use http::StatusCode;

use crate::pubsub::endpoint::Endpoint;
use crate::pubsub::site::{Site, note, text};

pub(in crate::pubsub) async fn messages_too_often_refused_are_dead_lettered(site: &Site) {
    site.create_topic("dead").await;
    let policy = DeadLetterPolicy::new()
        .set_dead_letter_topic(site.topic("dead"))
        .set_max_delivery_attempts(5);
    site.subscribe("reader", Subscription::new().set_dead_letter_policy(policy))
        .await;
    let graves = Subscription::new()
        .set_name(site.subscription("graves"))
        .set_topic(site.topic("dead"));
    let subscriptions = site.subscriptions().await;
    let made = subscriptions
        .create_subscription()
        .with_request(graves)
        .send()
        .await;
    made.expect("the subscription is created");
    let mut reader = site.receive("reader", 10).await;
    let mut graves = site.receive("graves", 10).await;
    site.publish([note("poison")]).await;
    for attempt in 1..=5 {
        let (_, handler) = reader.next().await;
        assert_eq!(handler.delivery_attempt(), Some(attempt));
        handler.nack();
    }
    let (message, handler) = graves.next().await;
    handler.ack();
    assert_eq!(text(&message), "poison");
    let source = message
        .attributes
        .get("CloudPubSubDeadLetterSourceSubscription");
    assert_eq!(source.map(String::as_str), Some("reader"));
}

pub(in crate::pubsub) async fn refused_pushes_are_repeated(site: &Site) {
    let mut endpoint = Endpoint::start([StatusCode::SERVICE_UNAVAILABLE]).await;
    let push = PushConfig::new().set_push_endpoint(&endpoint.url);
    site.subscribe("pushed", Subscription::new().set_push_config(push))
        .await;
    let ids = site
        .publish([note("hello").set_attributes([("kind", "greeting")])])
        .await;
    for _attempt in 1..=2 {
        let (_, push) = endpoint.next().await;
        assert_eq!(push["message"]["data"], "aGVsbG8=");
        assert_eq!(push["message"]["messageId"], ids[0].as_str());
        assert_eq!(push["message"]["message_id"], ids[0].as_str());
        assert_eq!(push["message"]["attributes"]["kind"], "greeting");
        assert_eq!(push["subscription"], site.subscription("pushed"));
    }
}
