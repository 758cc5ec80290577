//! [`EventBus`] on Redis' channels.
//!
//! Plain `PUBLISH` and `SUBSCRIBE`: what was told is kept in PostgreSQL, so the bus only has to be quick, and to say when
//! it may have lost something. Publishing: one pipeline a batch, confirmed by Redis' answers (`publisher`). Listening: a
//! connection of its own for each subscription, which ends loudly when it is lost (`listener`); no reconnection happens
//! behind the reader's back. Every class of audiences has a channel of its own, so that who wants one class is not sent
//! the others.

mod channels;
mod listener;
mod publisher;

use std::time::Duration;

use async_trait::async_trait;
use avvivo_ports::{BusError, EventBus, EventStream, OutboundEvent, Subscribe};
use redis::{Client, aio::PubSub};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{channels::Channels, listener::Listener, publisher::Publisher};
use crate::{RedisError, RedisSettings, connection::client};

/// Time to connect, a TLS handshake and signing in included.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Time to answer. Nobody waits for a publication but the outbox, and one given up too early is made twice.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// How often a quiet subscription asks whether it is still heard. Half a connection looks like a quiet evening.
const CHECK_EVERY: Duration = Duration::from_secs(2);
/// How long [`RedisBus::close`] waits. A listener only has to close its connection.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Deliveries that may wait between a listener and its reader.
const WAITING_DELIVERIES: usize = 4_096;
/// Bytes of deliveries that the reader has not let go of: a burst of the usual kilobyte fits many times over.
const WAITING_BYTES: usize = 16 << 20;

/// Carries events over Redis.
pub struct RedisBus {
    client: Client,
    channels: Channels,
    publisher: Publisher,
    listeners: TaskTracker,
    stop: CancellationToken,
}

impl RedisBus {
    /// A bus on the channels `<prefix>:<name>:<class of audiences>`. Nothing is contacted yet.
    pub fn new(settings: &RedisSettings, name: &str) -> Result<Self, RedisError> {
        let client = client(settings)?;
        Ok(Self {
            publisher: Publisher::new(client.clone()),
            client,
            channels: Channels::new(&settings.key_prefix, name),
            listeners: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// The pattern of all its channels, as `PSUBSCRIBE` takes it.
    pub fn pattern(&self) -> String {
        self.channels.pattern()
    }

    /// Ends all subscriptions and returns when that is done.
    pub async fn close(&self) {
        self.stop.cancel();
        self.listeners.close();
        if timeout(CLOSE_LIMIT, self.listeners.wait()).await.is_err() {
            let left = self.listeners.len();
            tracing::warn!(left, "closing the event bus left listeners behind");
        }
    }

    async fn connect(&self, subscribe: &Subscribe) -> Result<PubSub, BusError> {
        let mut connection = within(CONNECT_LIMIT, self.client.get_async_pubsub()).await?;
        match &subscribe.audience_class {
            None => {
                let pattern = self.channels.pattern();
                within(ANSWER_LIMIT, connection.psubscribe(pattern)).await?;
            }
            Some(class) => {
                let channel = self.channels.of_class(class)?;
                within(ANSWER_LIMIT, connection.subscribe(channel)).await?;
            }
        }
        Ok(connection)
    }
}

#[async_trait]
impl EventBus for RedisBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        self.publisher.publish(&self.channels, &events).await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        let connection = self.connect(&subscribe).await?;
        let (deliveries, reader) = mpsc::channel(WAITING_DELIVERIES);
        let listener = Listener::new(
            connection,
            deliveries,
            subscribe.instance,
            self.stop.child_token(),
        )
        .ok_or_else(|| unavailable("the channel to the reader is closed"))?;
        self.listeners.spawn(listener.run());
        Ok(Box::pin(ReceiverStream::new(reader)))
    }
}

/// A call to Redis, within a limit.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, BusError> {
    match timeout(limit, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(unavailable(&error.to_string())),
        Err(_elapsed) => Err(unavailable("Redis did not answer in time")),
    }
}

/// Whatever goes wrong with Redis may be mended, a refused password too: what was to be published waits for that.
fn unavailable(reason: &str) -> BusError {
    BusError::Unavailable {
        reason: reason.to_owned(),
    }
}

fn refused(reason: String) -> BusError {
    BusError::Refused { reason }
}
