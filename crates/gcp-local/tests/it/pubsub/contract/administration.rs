//! Topics and subscriptions as resources.

use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::paginator::ItemPaginator;
use google_cloud_pubsub::Error;
use google_cloud_pubsub::model::{ExpirationPolicy, Subscription};
use google_cloud_wkt::{Duration, FieldMask};
use serde_json::json;

use crate::pubsub::site::{Site, note};

/// The code of a refusal.
fn code<T>(answer: Result<T, Error>) -> Option<Code> {
    answer.err()?.status().map(|status| status.code)
}

pub(in crate::pubsub) async fn filters_decide_what_a_subscription_gets(site: &Site) {
    let filter = r#"attributes.kind = "progress" AND NOT attributes:draft"#;
    site.subscribe("reader", Subscription::new().set_filter(filter))
        .await;
    let mut inbox = site.receive("reader", 10).await;
    site.publish([
        note("other").set_attributes([("kind", "other")]),
        note("none"),
        note("draft").set_attributes([("kind", "progress"), ("draft", "")]),
        note("wanted").set_attributes([("kind", "progress")]),
    ])
    .await;
    // Delivery is oldest first, so the unwanted ones would have come before.
    assert_eq!(inbox.read(1).await, ["wanted"]);
}

pub(in crate::pubsub) async fn invalid_filters_are_refused(site: &Site) {
    site.create_topic("news").await;
    let subscriptions = site.subscriptions().await;
    for filter in [
        "kind = progress",
        "attributes.kind == \"x\"",
        "attributes:a AND",
    ] {
        let request = Subscription::new()
            .set_name(site.subscription("reader"))
            .set_topic(site.topic("news"))
            .set_filter(filter);
        let error = subscriptions
            .create_subscription()
            .with_request(request)
            .send()
            .await;
        assert_eq!(code(error), Some(Code::InvalidArgument), "{filter}");
    }
}

pub(in crate::pubsub) async fn errors_have_googles_codes(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    let (topics, subscriptions) = (site.topics().await, site.subscriptions().await);
    let (nothing, reader) = (site.topic("nothing"), site.subscription("reader"));
    let twice = topics.create_topic().set_name(site.topic("news"));
    let twice = twice.send().await.expect_err("it exists");
    assert_eq!(twice.http_status_code(), Some(409));
    assert_eq!(code::<()>(Err(twice)), Some(Code::AlreadyExists));
    let again = subscriptions.create_subscription().set_name(reader);
    let again = again.set_topic(site.topic("news")).send().await;
    assert_eq!(code(again), Some(Code::AlreadyExists));
    let absent = topics.get_topic().set_topic(&nothing).send().await;
    assert_eq!(code(absent), Some(Code::NotFound));
    let absent = topics.delete_topic().set_topic(&nothing).send().await;
    assert_eq!(code(absent), Some(Code::NotFound));
    let homeless = site.subscription("homeless");
    let homeless = subscriptions.create_subscription().set_name(homeless);
    let homeless = homeless.set_topic(&nothing).send().await;
    assert_eq!(code(homeless), Some(Code::NotFound));
    let misnamed = topics.create_topic().set_name(site.topic("1-digit-first"));
    let misnamed = misnamed.send().await;
    assert_eq!(code(misnamed), Some(Code::InvalidArgument));
    let nothing_in_it = json!({ "messages": [{}] });
    let (status, empty) = site
        .post(&site.topic("news"), "publish", nothing_in_it)
        .await;
    assert_eq!(
        (status, empty["error"]["status"].as_str()),
        (400, Some("INVALID_ARGUMENT"))
    );
    let mut stream = site.receive("nobody", 10).await;
    assert_eq!(code(stream.outcome().await), Some(Code::NotFound));
    let lost = site.publisher("nothing").await.publish(note("lost")).await;
    let lost = format!("{:?}", lost.err());
    assert!(lost.contains("NotFound"), "{lost}");
}

pub(in crate::pubsub) async fn values_out_of_bounds_are_refused(site: &Site) {
    site.create_topic("news").await;
    let subscriptions = site.subscriptions().await;
    let day = 86_400;
    for subscription in [
        Subscription::new().set_ack_deadline_seconds(601),
        Subscription::new().set_message_retention_duration(Duration::clamp(599, 0)),
        Subscription::new()
            .set_expiration_policy(ExpirationPolicy::new().set_ttl(Duration::clamp(day - 1, 0))),
    ] {
        let request = subscription
            .set_name(site.subscription("reader"))
            .set_topic(site.topic("news"));
        let refused = subscriptions
            .create_subscription()
            .with_request(request)
            .send()
            .await;
        assert_eq!(code(refused), Some(Code::InvalidArgument));
    }
}

pub(in crate::pubsub) async fn subscriptions_show_defaults_and_updates(site: &Site) {
    let made = site.subscribe("reader", Subscription::new()).await;
    assert_eq!(made.ack_deadline_seconds, 10);
    assert_eq!(
        made.message_retention_duration,
        Some(Duration::clamp(604_800, 0))
    );
    let subscriptions = site.subscriptions().await;
    let changes = Subscription::new()
        .set_name(site.subscription("reader"))
        .set_ack_deadline_seconds(42);
    let mask = FieldMask::default().set_paths(["ack_deadline_seconds"]);
    let update = subscriptions
        .update_subscription()
        .set_subscription(changes);
    update
        .set_update_mask(mask)
        .send()
        .await
        .expect("the update is accepted");
    let name = site.subscription("reader");
    let read = subscriptions
        .get_subscription()
        .set_subscription(name)
        .send()
        .await;
    let read = read.expect("the subscription is there");
    assert_eq!(read.ack_deadline_seconds, 42);
    assert_eq!(read.topic, site.topic("news"));
    assert_eq!(
        read.message_retention_duration,
        made.message_retention_duration
    );
}

pub(in crate::pubsub) async fn lists_are_paged(site: &Site) {
    for id in ["one", "two", "three"] {
        site.create_topic(id).await;
    }
    site.subscribe("reader-1", Subscription::new()).await;
    site.subscribe("reader-2", Subscription::new()).await;
    let topics = site.topics().await;
    let mut pages = topics
        .list_topics()
        .set_project(site.project())
        .set_page_size(2)
        .by_item();
    let mut names = Vec::new();
    while let Some(topic) = pages.next().await {
        names.push(topic.expect("a topic").name);
    }
    names.sort_unstable();
    assert_eq!(
        names,
        ["news", "one", "three", "two"].map(|id| site.topic(id))
    );
    let of_topic = topics
        .list_topic_subscriptions()
        .set_topic(site.topic("news"))
        .send()
        .await;
    let mut of_topic = of_topic.expect("a list").subscriptions;
    of_topic.sort_unstable();
    assert_eq!(
        of_topic,
        ["reader-1", "reader-2"].map(|id| site.subscription(id))
    );
    let subscriptions = site.subscriptions().await;
    let all = subscriptions
        .list_subscriptions()
        .set_project(site.project())
        .send()
        .await;
    assert_eq!(all.expect("a list").subscriptions.len(), 2);
}

pub(in crate::pubsub) async fn deleting_a_topic_keeps_its_subscriptions(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    site.publish([note("left over")]).await;
    let topics = site.topics().await;
    topics
        .delete_topic()
        .set_topic(site.topic("news"))
        .send()
        .await
        .expect("deleted");
    let subscriptions = site.subscriptions().await;
    let name = site.subscription("reader");
    let read = subscriptions
        .get_subscription()
        .set_subscription(name)
        .send()
        .await;
    assert_eq!(read.expect("it is still there").topic, "_deleted-topic_");
    assert_eq!(
        site.receive("reader", 10).await.read(1).await,
        ["left over"]
    );
}

pub(in crate::pubsub) async fn deleting_a_subscription_ends_its_streams(site: &Site) {
    site.subscribe("reader", Subscription::new()).await;
    let mut inbox = site.receive("reader", 10).await;
    site.publish([note("first")]).await;
    inbox.read(1).await;
    let name = site.subscription("reader");
    let subscriptions = site.subscriptions().await;
    subscriptions
        .delete_subscription()
        .set_subscription(name)
        .send()
        .await
        .expect("deleted");
    assert_eq!(code(inbox.outcome().await), Some(Code::NotFound));
}
