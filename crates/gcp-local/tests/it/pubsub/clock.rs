//! What takes long at Google, with the server's clock moved forward.

use std::time::Duration;

use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::model::{ExpirationPolicy, RetryPolicy, Subscription};
use google_cloud_wkt::Duration as Span;
use serde_json::{Value, json};

use super::site::{LIMIT, Site, note};
use crate::support::{self, wait_for};

async fn pull_now(site: &Site, id: &str) -> Value {
    let at_once = json!({ "maxMessages": 10, "returnImmediately": true });
    site.post(&site.subscription(id), "pull", at_once).await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_nobody_uses_expires() {
    let server = support::server().await;
    let site = Site::new(server.url(), "expiry");
    let day = ExpirationPolicy::new().set_ttl(Span::clamp(86_400, 0));
    for id in ["unused", "streamed", "immortal"] {
        let policy = if id == "immortal" {
            ExpirationPolicy::new()
        } else {
            day.clone()
        };
        site.subscribe(id, Subscription::new().set_expiration_policy(policy))
            .await;
    }
    let mut inbox = site.receive("streamed", 10).await;
    site.publish([note("connected")]).await;
    inbox.read(1).await;
    server.clock().advance(Duration::from_hours(23));
    pull_now(&site, "unused").await;
    server.clock().advance(Duration::from_hours(23));
    let subscriptions = site.subscriptions().await;
    let get = |id: &str| {
        subscriptions
            .get_subscription()
            .set_subscription(site.subscription(id))
    };
    get("unused").send().await.expect("a pull keeps it");
    server.clock().advance(Duration::from_hours(25));
    wait_for(
        "the unused subscription expires",
        LIMIT,
        async || match get("unused").send().await {
            Err(error) if error.status().map(|s| s.code) == Some(Code::NotFound) => Ok(()),
            other => Err(other),
        },
    )
    .await;
    get("streamed")
        .send()
        .await
        .expect("an open stream keeps it");
    get("immortal")
        .send()
        .await
        .expect("without a ttl it stays");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_past_their_retention_are_gone() {
    let server = support::server().await;
    let site = Site::new(server.url(), "retention");
    let short = Subscription::new().set_message_retention_duration(Span::clamp(600, 0));
    site.subscribe("short", short).await;
    site.subscribe("long", Subscription::new()).await;
    site.publish([note("old")]).await;
    server.clock().advance(Duration::from_secs(601));
    site.publish([note("new")]).await;
    assert_eq!(site.receive("short", 10).await.read(1).await, ["new"]);
    assert_eq!(site.receive("long", 10).await.read(2).await, ["old", "new"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_policy_delays_a_refused_message() {
    let server = support::server().await;
    let site = Site::new(server.url(), "back-off");
    let policy = RetryPolicy::new().set_minimum_backoff(Span::clamp(100, 0));
    site.subscribe("reader", Subscription::new().set_retry_policy(policy))
        .await;
    site.publish([note("later")]).await;
    let received = pull_now(&site, "reader").await;
    let ack_id = &received["receivedMessages"][0]["ackId"];
    let nack = json!({ "ackIds": [ack_id], "ackDeadlineSeconds": 0 });
    site.post(&site.subscription("reader"), "modifyAckDeadline", nack)
        .await;
    assert_eq!(pull_now(&site, "reader").await, json!({}));
    server.clock().advance(Duration::from_secs(101));
    assert_eq!(site.receive("reader", 10).await.read(1).await, ["later"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_dies_gives_back_what_it_had_at_once() {
    let server = support::server().await;
    let site = Site::new(server.url(), "death");
    site.subscribe("reader", Subscription::new()).await;
    site.publish((0..3).map(|number| note(number.to_string())))
        .await;
    let (sender, holding) = tokio::sync::oneshot::channel();
    let consumer = tokio::runtime::Runtime::new().expect("a runtime to kill");
    let url = site.url.clone();
    consumer.spawn(async move {
        let mut inbox = Site::new(&url, "death").receive_mortally("reader").await;
        let held = [inbox.next().await, inbox.next().await, inbox.next().await];
        sender.send(()).expect("the test waits");
        std::future::pending::<()>().await;
        drop(held);
    });
    tokio::time::timeout(LIMIT, holding)
        .await
        .expect("in time")
        .expect("it holds them");
    let died = tokio::time::Instant::now();
    consumer.shutdown_background();
    assert_eq!(
        site.receive("reader", 10).await.read(3).await,
        ["0", "1", "2"]
    );
    assert!(
        died.elapsed() < Duration::from_secs(5),
        "its leases lasted ten seconds"
    );
    server.shutdown().await;
}
