//! [`EventBus`] on Pub/Sub.
//!
//! Publishing: the audience is the ordering key (`publisher`). Listening: every instance has a
//! subscription of its own that disappears with it (`subscription`), and one task that pulls from
//! it, heals it and deletes it (`listener`).

mod backoff;
mod listener;
mod names;
mod publisher;
mod subscription;

use std::time::Duration;

use async_trait::async_trait;
use avvivo_ports::{BusError, EventBus, EventStream, OutboundEvent, Subscribe};
use google_cloud_pubsub::client::{Subscriber, SubscriptionAdmin, TopicAdmin};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::listener::Listener;
use self::names::Names;
use self::publisher::OrderedPublisher;
use self::subscription::{Subscription, Topic};
use crate::environment::{BuildError, Environment};

/// Deliveries that may wait between the puller and its reader. A reader that falls this far behind
/// stops the pulling, and Pub/Sub keeps the rest.
const WAITING_DELIVERIES: usize = 256;

/// How long [`PubSubBus::close`] waits. A listener needs three short calls to leave; a subscription
/// that it could not delete in time expires by itself.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Names on Pub/Sub.
#[derive(Debug, Clone)]
pub struct PubSubConfig {
    /// The Google Cloud project.
    pub project: String,
    /// The topic of all events.
    pub topic: String,
    /// What subscriptions' names begin with; the instance's name follows.
    pub subscription_prefix: String,
    /// How often a listener asks whether its subscription is still there. It is how an outage gets
    /// noticed, because the client retries silently and ever more slowly; each question counts
    /// towards the project's 6000 administrative calls a minute.
    pub check_every: Duration,
}

impl PubSubConfig {
    /// The usual names in `project`.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            topic: "avvivo-events".to_owned(),
            subscription_prefix: "gateway".to_owned(),
            check_every: Duration::from_secs(2),
        }
    }
}

/// Carries events over Pub/Sub.
pub struct PubSubBus {
    topic: Topic,
    publisher: OrderedPublisher,
    subscriber: Subscriber,
    subscriptions: SubscriptionAdmin,
    config: PubSubConfig,
    names: Names,
    listeners: TaskTracker,
    stop: CancellationToken,
}

impl PubSubBus {
    /// Builds the clients. Nothing is contacted yet.
    pub async fn connect(
        environment: &Environment,
        config: PubSubConfig,
    ) -> Result<Self, BuildError> {
        let topics: TopicAdmin = environment.topics().await?;
        let topic = Topic {
            name: format!("projects/{}/topics/{}", config.project, config.topic),
            admin: topics,
            // Deployments create it in production, where this identity may not.
            is_ours: matches!(environment, Environment::Local(_)),
        };
        Ok(Self {
            publisher: OrderedPublisher::new(environment.publisher().await?, topic.name.clone()),
            subscriber: environment.subscriber().await?,
            subscriptions: environment.subscriptions().await?,
            topic,
            config,
            names: Names::default(),
            listeners: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Creates the topic unless it is there. Deployments call it, and local starts.
    pub async fn ensure_topic(&self) -> Result<(), BusError> {
        self.topic.ensure().await
    }

    /// Ends all subscriptions, deletes them from Pub/Sub and returns when that is done, or after
    /// ten seconds.
    pub async fn close(&self) {
        self.stop.cancel();
        self.listeners.close();
        if tokio::time::timeout(CLOSE_LIMIT, self.listeners.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.listeners.len(),
                "closing the event bus left listeners behind"
            );
        }
    }
}

#[async_trait]
impl EventBus for PubSubBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        self.publisher.publish(&events).await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        let subscription = Subscription::new(
            self.subscriptions.clone(),
            self.topic.clone(),
            &self.config,
            &subscribe,
        )?;
        let name = self.names.take(subscription.name()).await?;
        subscription.create_afresh().await?;
        let (deliveries, reader) = mpsc::channel(WAITING_DELIVERIES);
        let listener = Listener {
            subscription,
            subscriber: self.subscriber.clone(),
            deliveries,
            check_every: self.config.check_every,
            stop: self.stop.child_token(),
            _name: name,
        };
        self.listeners.spawn(listener.run());
        Ok(Box::pin(ReceiverStream::new(reader)))
    }
}
