//! `StreamingPull`: one task a connected consumer. Messages go out the moment they are there. When
//! its connection breaks, what it had goes to others at once; when only the stream ends, it may
//! still acknowledge, and its leases run on.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc::{self, Permit, Sender};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::backlog::{Holder, PerKey};
use super::engine::{Engine, parse_ack_ids};
use super::proto::{StreamingPullRequest, StreamingPullResponse, SubscriptionProperties};
use super::received;
use super::subscription::{OpenStream, Subscription};
use crate::wire::{ApiError, Code};

/// Answers that may be under way to the connection; the rest waits in the backlog, where other
/// consumers can get it.
const ANSWERS: usize = 4;

/// Messages in one answer. More would delay the first of them.
const MESSAGES_PER_ANSWER: usize = 100;

/// What a consumer may hold when it names no bound, or a larger one.
const DEFAULT_MESSAGES: usize = 1_000;
const MAX_MESSAGES: usize = 10_000;
const MAX_BYTES: usize = 256 << 20;

/// Bounds of the lease a stream can ask for (Google's).
const DEADLINES: std::ops::RangeInclusive<i32> = 10..=600;

/// Keeps proxies and clients from taking a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(30);

type Answer = Result<StreamingPullResponse, Status>;

pub(super) async fn open(
    engine: Arc<Engine>,
    closed: CancellationToken,
    mut requests: Streaming<StreamingPullRequest>,
) -> Result<ReceiverStream<Answer>, ApiError> {
    let first = requests
        .message()
        .await
        .map_err(|status| ApiError::invalid(format!("The stream broke off: {status}.")))?
        .ok_or_else(|| ApiError::invalid("The stream ended before it named a subscription."))?;
    let subscription = engine.subscription(&first.subscription)?;
    if !DEADLINES.contains(&first.stream_ack_deadline_seconds) {
        return Err(ApiError::invalid(
            "stream_ack_deadline_seconds must be from 10 to 600.",
        ));
    }
    let holder = Holder {
        id: engine.new_holder(),
        max_messages: bound(
            first.max_outstanding_messages,
            DEFAULT_MESSAGES,
            MAX_MESSAGES,
        ),
        max_bytes: bound(first.max_outstanding_bytes, MAX_BYTES, MAX_BYTES),
        per_key: PerKey::Many,
    };
    let consumer = Consumer {
        stream: subscription.open_stream(holder.id),
        closed,
        holder,
        lease: TimeDelta::seconds(first.stream_ack_deadline_seconds.into()),
        heartbeats: first.protocol_version > 0,
        engine: Arc::clone(&engine),
    };
    consumer.settle(&first).await?;
    let (answers, stream) = mpsc::channel(ANSWERS);
    engine
        .state
        .background
        .spawn(consumer.run(requests, answers));
    Ok(ReceiverStream::new(stream))
}

fn bound(asked: i64, default: usize, max: usize) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => default,
        Ok(asked) => asked.min(max),
    }
}

struct Consumer {
    engine: Arc<Engine>,
    /// Dropped with the task: that is what gives the messages back.
    stream: OpenStream,
    closed: CancellationToken,
    holder: Holder,
    lease: TimeDelta,
    heartbeats: bool,
}

impl Consumer {
    async fn run(self, mut requests: Streaming<StreamingPullRequest>, answers: Sender<Answer>) {
        let subscription = Arc::clone(&self.stream.subscription);
        let mut arrivals = subscription.arrivals();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        let mut idle = false;
        let end = loop {
            tokio::select! {
                () = subscription.gone.cancelled() => break Some(self.farewell()),
                // The client cancelled, or its process died.
                () = answers.closed() => break None,
                request = requests.message() => match request {
                    Ok(Some(request)) => {
                        if let Err(error) = self.settle(&request).await {
                            break Some(error.into());
                        }
                    }
                    Ok(None) | Err(_) => break None,
                },
                changed = arrivals.changed(), if idle => idle = changed.is_err(),
                // Takes only once there is room to send, so nothing is leased to wait here.
                permit = answers.reserve(), if !idle => match permit {
                    Ok(permit) => {
                        arrivals.mark_unchanged();
                        idle = !self.send(&subscription, permit);
                    }
                    Err(_) => break None,
                },
                _ = heartbeat.tick(), if self.heartbeats => {
                    // A full channel is sign of life enough.
                    drop(answers.try_send(Ok(StreamingPullResponse::default())));
                }
            }
        };
        if let Some(status) = end {
            // A consumer that is gone already does not need the reason.
            drop(answers.try_send(Err(status)));
        }
        drop(answers);
        self.linger(&subscription, arrivals).await;
    }

    /// Waits until what is still out has been settled, has come back, or cannot be settled any
    /// more.
    async fn linger(&self, subscription: &Subscription, mut arrivals: watch::Receiver<()>) {
        while subscription.holds(self.holder.id) {
            tokio::select! {
                () = self.closed.cancelled() => return,
                () = subscription.gone.cancelled() => return,
                changed = arrivals.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Answers whether there was anything.
    fn send(&self, subscription: &Subscription, permit: Permit<'_, Answer>) -> bool {
        let until = self.engine.state.clock.now() + self.lease;
        let deliveries = subscription.take(&self.holder, MESSAGES_PER_ANSWER, until);
        if deliveries.is_empty() {
            return false;
        }
        let settings = subscription.settings();
        let config = &settings.config;
        permit.send(Ok(StreamingPullResponse {
            received_messages: deliveries
                .iter()
                .map(|d| received::grpc(d, config))
                .collect(),
            subscription_properties: Some(SubscriptionProperties {
                message_ordering_enabled: config.enable_message_ordering,
            }),
        }));
        true
    }

    /// Acknowledgements and deadlines may come on the stream itself.
    async fn settle(&self, request: &StreamingPullRequest) -> Result<(), ApiError> {
        let subscription = &self.stream.subscription;
        if !request.ack_ids.is_empty() {
            let ack_ids = parse_ack_ids(&request.ack_ids)?;
            self.engine.acknowledge_on(subscription, &ack_ids).await?;
        }
        if request.modify_deadline_ack_ids.len() != request.modify_deadline_seconds.len() {
            return Err(ApiError::invalid(
                "modify_deadline_ack_ids and modify_deadline_seconds differ in length.",
            ));
        }
        let ack_ids = parse_ack_ids(&request.modify_deadline_ack_ids)?;
        for (ack_id, seconds) in ack_ids.into_iter().zip(&request.modify_deadline_seconds) {
            self.engine
                .modify_on(subscription, &[ack_id], *seconds)
                .await?;
        }
        Ok(())
    }

    /// A consumer whose server restarts tries again; one whose subscription was deleted must not.
    fn farewell(&self) -> Status {
        if self.engine.state.stop.is_cancelled() {
            return ApiError::new(Code::Unavailable, "The server is shutting down.").into();
        }
        let name = &self.stream.subscription.settings().config.name;
        ApiError::not_found(format!("Subscription does not exist (resource={name}).")).into()
    }
}
