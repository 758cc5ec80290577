//! Calls that the official crate does not make: REST on the data plane, and `Pull` over gRPC. They
//! go by plain HTTP.

use bytes::Bytes;
use google_cloud_pubsub::model::Subscription;
use prost::Message;
use serde_json::json;

use super::endpoint::Endpoint;
use super::site::{Site, note, text};
use crate::support;

#[derive(Clone, PartialEq, Message)]
struct PullRequest {
    #[prost(string, tag = "1")]
    subscription: String,
    #[prost(int32, tag = "3")]
    max_messages: i32,
}

#[derive(Clone, PartialEq, Message)]
struct PullResponse {
    #[prost(message, repeated, tag = "1")]
    received_messages: Vec<ReceivedMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct ReceivedMessage {
    #[prost(string, tag = "1")]
    ack_id: String,
    #[prost(message, optional, tag = "2")]
    message: Option<PubsubMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct PubsubMessage {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
    #[prost(string, tag = "3")]
    message_id: String,
}

/// One unary call: a flag, the length, the message.
async fn pull(site: &Site, request: &PullRequest) -> PullResponse {
    let message = request.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a small message");
    let framed = [&[0][..], &length.to_be_bytes(), &message].concat();
    let answer = reqwest::Client::new()
        .post(format!("{}/google.pubsub.v1.Subscriber/Pull", site.url))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(framed)
        .send()
        .await
        .expect("an answer");
    let body = answer.bytes().await.expect("a body");
    PullResponse::decode(body.get(5..).expect("a framed message")).expect("a PullResponse")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unary_pull_over_grpc_takes_what_waits() {
    let server = support::server().await;
    let site = Site::new(server.url(), "unary");
    site.subscribe("reader", Subscription::new()).await;
    let ids = site.publish([note("one"), note("two")]).await;
    let request = PullRequest {
        subscription: site.subscription("reader"),
        max_messages: 10,
    };
    let received = pull(&site, &request).await.received_messages;
    let seen: Vec<_> = received
        .iter()
        .map(|one| one.message.clone().expect("a message"))
        .map(|message| (message.message_id, message.data))
        .collect();
    let sent: Vec<_> = ids
        .into_iter()
        .zip([Bytes::from("one"), Bytes::from("two")])
        .collect();
    assert_eq!(seen, sent);
    // Its lease is as good as any.
    let acks = json!({ "ackIds": received.iter().map(|one| &one.ack_id).collect::<Vec<_>>() });
    let (status, _) = site.post(&request.subscription, "acknowledge", acks).await;
    assert_eq!(status, 200);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_over_rest_arrives_whole() {
    let server = support::server().await;
    let site = Site::new(server.url(), "rest");
    site.subscribe("reader", Subscription::new()).await;
    let messages =
        json!({ "messages": [{ "data": "aG9sYQ==", "attributes": { "kind": "greeting" } }] });
    let (status, answer) = site.post(&site.topic("news"), "publish", messages).await;
    assert_eq!(status, 200);
    let (message, handler) = site.receive("reader", 10).await.next().await;
    handler.ack();
    assert_eq!(text(&message), "hola");
    assert_eq!(message.attributes["kind"], "greeting");
    assert_eq!(answer["messageIds"], json!([message.message_id]));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_config_turns_pulls_into_pushes_and_back() {
    let server = support::server().await;
    let site = Site::new(server.url(), "modified");
    let mut endpoint = Endpoint::start([]).await;
    site.subscribe("reader", Subscription::new()).await;
    let reader = site.subscription("reader");
    let push = json!({ "pushConfig": { "pushEndpoint": endpoint.url } });
    let (status, _) = site.post(&reader, "modifyPushConfig", push).await;
    assert_eq!(status, 200);
    site.publish([note("pushed")]).await;
    let (_, pushed) = endpoint.next().await;
    assert_eq!(pushed["message"]["data"], "cHVzaGVk");
    let (status, _) = site
        .post(&reader, "modifyPushConfig", json!({ "pushConfig": {} }))
        .await;
    assert_eq!(status, 200);
    site.publish([note("pulled")]).await;
    assert_eq!(site.receive("reader", 10).await.read(1).await, ["pulled"]);
    server.shutdown().await;
}
