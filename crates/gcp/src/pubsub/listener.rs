//! The task that owns one subscription from its creation to its deletion.
//!
//! It pulls, forwards, and heals. The client's `next()` must not be dropped while its stream is
//! still opening, so one task owns it and everything that may interrupt it ends the stream. The
//! client also retries a lost connection silently, with pauses that quadruple up to a minute; to
//! notice an outage and its end sooner, the task asks for the subscription every few seconds and
//! opens a new stream as soon as it answers again.

use std::pin::pin;
use std::time::Duration;

use avvivo_contracts::events::v1::Event;
use avvivo_ports::{BusError, Delivery};
use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownBehavior};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::names::Taken;
use super::subscription::{ACK_DEADLINE_SECONDS, Subscription};
use crate::fault::Trouble;

/// Events that Pub/Sub may have handed out before the reader has acknowledged them.
const OUTSTANDING: i64 = 1_000;

/// A stream that has been quiet for this long is replaced. A connection can die without either
/// end hearing of it, and the subscription loses nothing by a new one.
const SILENCE_LIMIT: Duration = Duration::from_mins(2);

/// An answer that takes longer was asked for more than once: Pub/Sub was away for a moment, and the
/// stream may be pausing for much longer than that.
const HICCUP: Duration = Duration::from_millis(500);

/// How long a closing stream may take to send its last acknowledgements.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// How long deleting the subscription may take; it expires anyhow.
const DELETE_LIMIT: Duration = Duration::from_secs(3);

pub(super) struct Listener {
    pub(super) subscription: Subscription,
    pub(super) subscriber: Subscriber,
    pub(super) deliveries: mpsc::Sender<Result<Delivery, BusError>>,
    pub(super) check_every: Duration,
    pub(super) stop: CancellationToken,
    /// Given back when the subscription is gone.
    pub(super) _name: Taken,
}

/// Why a stream ended.
enum End {
    /// The reader is gone, or the bus is closing.
    Closed,
    /// Nothing was heard for a while, or may be for a while: a new one loses nothing.
    Silent,
    /// Pub/Sub cannot be heard.
    Lost(BusError),
}

impl Listener {
    pub(super) async fn run(self) {
        let mut backoff = Backoff::new();
        loop {
            match self.listen(&mut backoff).await {
                End::Closed => break,
                End::Silent => {}
                End::Lost(error) => {
                    let subscription = self.subscription.name();
                    tracing::warn!(subscription, %error, "lost a subscription");
                    if self.send(Err(error)).await.is_err()
                        || self.heal(&mut backoff).await.is_err()
                    {
                        break;
                    }
                    tracing::info!(subscription, "listening again");
                }
            }
        }
        self.leave().await;
    }

    /// The life of one stream.
    async fn listen(&self, backoff: &mut Backoff) -> End {
        let lease = Duration::from_secs(u64::from(ACK_DEADLINE_SECONDS.unsigned_abs()));
        let mut stream = self
            .subscriber
            .subscribe(self.subscription.name())
            .set_max_outstanding_messages(OUTSTANDING)
            .set_max_lease_extension(lease)
            .set_shutdown_behavior(ShutdownBehavior::NackImmediately)
            .build();
        let shutdown = stream.shutdown_token();
        let end = self.forward(&mut stream, backoff).await;
        drop(stream);
        if tokio::time::timeout(FLUSH_LIMIT, shutdown.shutdown())
            .await
            .is_err()
        {
            tracing::debug!("a stream closed without its last acknowledgements");
        }
        end
    }

    async fn forward(&self, stream: &mut MessageStream, backoff: &mut Backoff) -> End {
        let mut interrupted = pin!(self.interrupted());
        let mut silence = pin!(tokio::time::sleep(SILENCE_LIMIT));
        loop {
            let next = tokio::select! {
                // A reader that went away must not keep a subscription filling up.
                () = self.closed() => return End::Closed,
                // The client would go on trying, silently.
                end = &mut interrupted => return end,
                // Half a connection looks like a quiet evening.
                () = &mut silence => return End::Silent,
                next = stream.next() => next,
            };
            let (message, handler) = match next {
                Some(Ok(received)) => received,
                Some(Err(error)) => return End::Lost(Trouble::from(error).into()),
                None => return End::Lost(stream_ended()),
            };
            backoff.reset();
            silence.as_mut().reset(Instant::now() + SILENCE_LIMIT);
            if self.deliver(&message, handler).await.is_err() {
                return End::Closed;
            }
        }
    }

    async fn deliver(&self, message: &Message, handler: Handler) -> Result<(), Closed> {
        match Event::decode(message.data.clone()) {
            Ok(event) => {
                let ack = Box::new(move || handler.ack());
                self.send(Ok(Delivery::new(event, ack))).await
            }
            Err(error) => {
                // It would come back for ever and hold up its audience.
                let event_id = message.attributes.get("event_id");
                tracing::error!(%error, ?event_id, message.message_id, "dropped an unreadable event");
                handler.ack();
                Ok(())
            }
        }
    }

    async fn send(&self, item: Result<Delivery, BusError>) -> Result<(), Closed> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Closed),
            sent = self.deliveries.send(item) => sent.map_err(|_| Closed),
        }
    }

    /// Returns when the subscription is there again, created anew if need be.
    async fn heal(&self, backoff: &mut Backoff) -> Result<(), Closed> {
        loop {
            tokio::select! {
                () = self.closed() => return Err(Closed),
                () = tokio::time::sleep(backoff.pause()) => {}
            }
            match self.subscription.ensure().await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let subscription = self.subscription.name();
                    tracing::debug!(subscription, %error, "still without a subscription");
                }
            }
        }
    }

    /// Ready when the subscription cannot be seen, or could not be seen for a moment.
    async fn interrupted(&self) -> End {
        loop {
            tokio::time::sleep(self.check_every).await;
            let asked = Instant::now();
            match self.subscription.check().await {
                Err(error) => return End::Lost(error),
                Ok(()) if asked.elapsed() > HICCUP => return End::Silent,
                Ok(()) => {}
            }
        }
    }

    async fn closed(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.deliveries.closed() => {}
        }
    }

    async fn leave(&self) {
        let subscription = self.subscription.name();
        match tokio::time::timeout(DELETE_LIMIT, self.subscription.delete()).await {
            Ok(Ok(())) => tracing::debug!(subscription, "deleted"),
            Ok(Err(error)) => tracing::warn!(subscription, %error, "left a subscription to expire"),
            Err(_elapsed) => tracing::warn!(subscription, "left a subscription to expire"),
        }
    }
}

/// Nobody reads any more.
struct Closed;

fn stream_ended() -> BusError {
    BusError::Unavailable {
        reason: "the stream ended".to_owned(),
    }
}
