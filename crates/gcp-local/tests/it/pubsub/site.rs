//! A Pub/Sub somewhere, and Google's clients for it.

use std::time::Duration;

use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_pubsub::client::{Publisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::{Message, Subscription};
use google_cloud_pubsub::subscriber::handler::Handler;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownBehavior, ShutdownToken};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::support::anonymous;

/// Far above what anything here takes, even on a busy machine.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// An endpoint and a project nobody else uses.
pub(super) struct Site {
    pub(super) url: String,
    project: String,
    http: reqwest::Client,
}

impl Site {
    pub(super) fn new(url: &str, project: &str) -> Self {
        Self {
            url: url.to_owned(),
            project: format!("projects/{}", project.replace('_', "-")),
            http: reqwest::Client::new(),
        }
    }

    pub(super) fn topic(&self, id: &str) -> String {
        format!("{}/topics/{id}", self.project)
    }

    pub(super) fn subscription(&self, id: &str) -> String {
        format!("{}/subscriptions/{id}", self.project)
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    pub(super) async fn topics(&self) -> TopicAdmin {
        TopicAdmin::builder()
            .with_endpoint(&self.url)
            .with_credentials(anonymous())
            .with_retry_policy(NeverRetry)
            .build()
            .await
            .expect("a topic client")
    }

    pub(super) async fn subscriptions(&self) -> SubscriptionAdmin {
        SubscriptionAdmin::builder()
            .with_endpoint(&self.url)
            .with_credentials(anonymous())
            .with_retry_policy(NeverRetry)
            .build()
            .await
            .expect("a subscription client")
    }

    /// Sends every message at once, without waiting for a batch to fill.
    pub(super) async fn publisher(&self, topic: &str) -> Publisher {
        Publisher::builder(self.topic(topic))
            .with_endpoint(&self.url)
            .with_credentials(anonymous())
            .with_retry_policy(NeverRetry)
            .set_delay_threshold(Duration::from_millis(1))
            .build()
            .await
            .expect("a publisher")
    }

    pub(super) async fn create_topic(&self, id: &str) {
        let created = self
            .topics()
            .await
            .create_topic()
            .set_name(self.topic(id))
            .send()
            .await;
        created.expect("the topic is created");
    }

    /// Creates `subscription` and, when needed, its topic `news`.
    pub(super) async fn subscribe(&self, id: &str, subscription: Subscription) -> Subscription {
        let topic = self.topic("news");
        let topics = self.topics().await;
        if topics.get_topic().set_topic(&topic).send().await.is_err() {
            self.create_topic("news").await;
        }
        let request = subscription
            .set_name(self.subscription(id))
            .set_topic(topic);
        let subscriptions = self.subscriptions().await;
        let created = subscriptions
            .create_subscription()
            .with_request(request)
            .send()
            .await;
        created.expect("the subscription is created")
    }

    /// Publishes to `news`; answers the ids.
    pub(super) async fn publish(&self, messages: impl IntoIterator<Item = Message>) -> Vec<String> {
        let publisher = self.publisher("news").await;
        let sent: Vec<_> = messages.into_iter().map(|m| publisher.publish(m)).collect();
        let mut ids = Vec::with_capacity(sent.len());
        for id in sent {
            ids.push(id.await.expect("the message is published"));
        }
        ids
    }

    /// Opens a stream that holds up to `outstanding` messages and, when dropped, nacks them.
    pub(super) async fn receive(&self, id: &str, outstanding: i64) -> Inbox {
        self.stream(id, outstanding, ShutdownBehavior::NackImmediately)
            .await
    }

    /// Opens a stream that, when dropped, says nothing more, like a process that died.
    pub(super) async fn receive_mortally(&self, id: &str) -> Inbox {
        self.stream(id, 1000, ShutdownBehavior::WaitForProcessing)
            .await
    }

    async fn stream(&self, id: &str, outstanding: i64, end: ShutdownBehavior) -> Inbox {
        let subscriber = Subscriber::builder()
            .with_endpoint(&self.url)
            .with_credentials(anonymous())
            .build()
            .await
            .expect("a subscriber");
        let stream = subscriber
            .subscribe(self.subscription(id))
            .set_max_outstanding_messages(outstanding)
            .set_max_lease_extension(Duration::from_secs(10))
            .set_shutdown_behavior(end)
            .build();
        Inbox::new(stream)
    }

    /// A call that the official crate does not have; answers status and body.
    pub(super) async fn post(&self, resource: &str, verb: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/v1/{resource}:{verb}", self.url);
        let response = self
            .http
            .post(url)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        (status, response.json().await.expect("JSON"))
    }
}

type Received = Result<(Message, Handler), google_cloud_pubsub::Error>;

/// A stream owned by one task, because the crate's `next` must not be cancelled before the first
/// message.
pub(super) struct Inbox {
    received: mpsc::Receiver<Received>,
    /// Stops, and drops the stream, when the inbox is dropped.
    _task: JoinSet<()>,
    end: ShutdownToken,
}

impl Inbox {
    fn new(mut stream: MessageStream) -> Self {
        let (sender, received) = mpsc::channel(10_000);
        let end = stream.shutdown_token();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(next) = stream.next().await {
                if sender.send(next).await.is_err() {
                    return;
                }
            }
        });
        Self {
            received,
            _task: task,
            end,
        }
    }

    pub(super) async fn next(&mut self) -> (Message, Handler) {
        self.outcome().await.expect("the stream goes on")
    }

    /// The next message, or the error that ended the stream.
    pub(super) async fn outcome(&mut self) -> Received {
        let next = tokio::time::timeout(LIMIT, self.received.recv()).await;
        next.expect("something arrives in time")
            .expect("the stream says why it ends")
    }

    /// Ends the stream; returns when the server has every acknowledgement.
    pub(super) async fn close(self) {
        tokio::time::timeout(LIMIT, self.end.shutdown())
            .await
            .expect("the stream ends in time");
    }

    /// What has arrived already.
    pub(super) fn arrived(&mut self) -> Option<(Message, Handler)> {
        self.received
            .try_recv()
            .ok()
            .map(|next| next.expect("the stream goes on"))
    }

    /// Receives and acknowledges `count` messages; answers their texts.
    pub(super) async fn read(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::with_capacity(count);
        for _ in 0..count {
            let (message, handler) = self.next().await;
            handler.ack();
            texts.push(text(&message));
        }
        texts
    }
}

pub(super) fn text(message: &Message) -> String {
    String::from_utf8(message.data.to_vec()).expect("text")
}

pub(super) fn note(text: impl Into<String>) -> Message {
    Message::new().set_data(text.into())
}

pub(super) fn keyed(key: &str, text: impl Into<String>) -> Message {
    note(text).set_ordering_key(key)
}
