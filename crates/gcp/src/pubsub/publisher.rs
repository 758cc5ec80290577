//! Publishes in order within an audience, with a bound on what is under way.
//!
//! The client keeps a task for every ordering key and pauses a key after a failure. Three things
//! are added here. What is under way is bounded, because the client's own queue is not. A key is
//! resumed once everything of the batch that was paused with it has been answered, so that a later
//! event never overtakes one that failed. And the client never lets go of a key it has seen, so
//! after enough audiences it is replaced by a fresh one while nothing is under way.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avvivo_contracts::audience;
use avvivo_ports::{BusError, OutboundEvent};
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::publisher::PublishFuture;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::environment::CALL_LIMIT;
use crate::fault::Trouble;

/// Events under way at once, over all callers. At most [`EVENT_LIMIT`] each, usually a kilobyte.
const UNDER_WAY: u32 = 1_024;

/// Events handed to the client in one go, so that several callers share [`UNDER_WAY`].
const TURN: usize = 256;

/// Audiences after which the client is replaced; each costs it a task and a queue for good.
const AUDIENCES: usize = 4_096;

/// Longest wait for companions of a message. People wait for events; throughput is made by the
/// outbox, which publishes in batches.
const LINGER: Duration = Duration::from_millis(1);

/// Longest event in bytes. Pub/Sub takes 10 MB a request, but one megabyte a second and ordering
/// key, and a refused request refuses its innocent companions too.
const EVENT_LIMIT: usize = 1_000_000;

/// Longest ordering key in bytes.
const AUDIENCE_LIMIT: usize = 1_024;

/// The client's own limit, and a little more for connecting.
const ANSWER_LIMIT: Duration = CALL_LIMIT.saturating_add(Duration::from_secs(1));

pub(super) struct OrderedPublisher {
    base: BasePublisher,
    topic: String,
    under_way: Semaphore,
    client: Mutex<Client>,
}

struct Client {
    publisher: Publisher,
    audiences: HashSet<String>,
}

type Pending = Result<PublishFuture, BusError>;

impl OrderedPublisher {
    pub(super) fn new(base: BasePublisher, topic: String) -> Self {
        let client = Mutex::new(Client::new(&base, &topic));
        Self {
            base,
            topic,
            under_way: Semaphore::new(usize::try_from(UNDER_WAY).unwrap_or(usize::MAX)),
            client,
        }
    }

    /// Publishes in the order given; answers in that order. After the first failure of an audience
    /// the rest of it fails as well.
    pub(super) async fn publish(&self, events: &[OutboundEvent]) -> Vec<Result<(), BusError>> {
        let mut answers = Vec::with_capacity(events.len());
        let mut failed = HashSet::new();
        for turn in events.chunks(TURN) {
            self.replace_crowded_client().await;
            answers.extend(self.take_turn(turn, &mut failed).await);
        }
        answers
    }

    async fn take_turn<'a>(
        &self,
        turn: &'a [OutboundEvent],
        failed: &mut HashSet<&'a str>,
    ) -> Vec<Result<(), BusError>> {
        let size = u32::try_from(turn.len()).unwrap_or(UNDER_WAY);
        let Ok(_permits) = self.under_way.acquire_many(size).await else {
            let closed = unavailable("the publisher is closed");
            return turn.iter().map(|_| Err(closed.clone())).collect();
        };
        let (publisher, pending) = self.hand_over(turn, failed);
        let deadline = Instant::now() + ANSWER_LIMIT;
        let mut paused = HashSet::new();
        let mut answers = Vec::with_capacity(turn.len());
        for (event, pending) in turn.iter().zip(pending) {
            let mut answer = settle(pending, deadline).await;
            if answer.is_ok() && failed.contains(event.audience.as_str()) {
                answer = Err(behind_a_failure());
            }
            if answer.is_err() {
                failed.insert(&event.audience);
                paused.insert(event.audience.as_str());
            }
            answers.push(answer);
        }
        for audience in paused {
            publisher.resume_publish(audience);
        }
        answers
    }

    /// Hands a turn to the client. No await and one lock: a turn reaches the client in one piece,
    /// so no other caller's resume falls between two events of it.
    fn hand_over(
        &self,
        turn: &[OutboundEvent],
        failed: &HashSet<&str>,
    ) -> (Publisher, Vec<Pending>) {
        let mut refused = HashSet::new();
        let mut client = self.client();
        let pending = turn
            .iter()
            .map(|event| {
                let audience = event.audience.as_str();
                if failed.contains(audience) || refused.contains(audience) {
                    return Err(behind_a_failure());
                }
                let message = to_message(event).inspect_err(|_| {
                    refused.insert(audience);
                })?;
                if !client.audiences.contains(audience) {
                    client.audiences.insert(audience.to_owned());
                }
                Ok(client.publisher.publish(message))
            })
            .collect();
        (client.publisher.clone(), pending)
    }

    async fn replace_crowded_client(&self) {
        if self.client().audiences.len() < AUDIENCES {
            return;
        }
        // All permits: nothing is under way, so no audience is split over two clients.
        let Ok(_everything) = self.under_way.acquire_many(UNDER_WAY).await else {
            return;
        };
        let crowded = {
            let client = self.client();
            if client.audiences.len() < AUDIENCES {
                return;
            }
            client.publisher.clone()
        };
        // Callers that went away gave their permits back, but not what they had handed over.
        if tokio::time::timeout(ANSWER_LIMIT, crowded.flush())
            .await
            .is_ok()
        {
            *self.client() = Client::new(&self.base, &self.topic);
        }
    }

    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn new(base: &BasePublisher, topic: &str) -> Self {
        let publisher = base.publisher(topic).set_delay_threshold(LINGER).build();
        Self {
            publisher,
            audiences: HashSet::new(),
        }
    }
}

async fn settle(pending: Pending, deadline: Instant) -> Result<(), BusError> {
    match tokio::time::timeout_at(deadline, pending?).await {
        Ok(Ok(_message_id)) => Ok(()),
        Ok(Err(PublishError::Rpc(error))) => Err(Trouble::from(error.as_ref()).into()),
        Ok(Err(PublishError::OrderingKeyPaused)) => Err(behind_a_failure()),
        Ok(Err(error)) => Err(unavailable(&error.to_string())),
        Err(_elapsed) => Err(unavailable("no answer in time")),
    }
}

fn to_message(event: &OutboundEvent) -> Result<Message, BusError> {
    if event.payload.len() > EVENT_LIMIT {
        return Err(refused(format!(
            "an event of {} bytes; the limit is {EVENT_LIMIT}",
            event.payload.len()
        )));
    }
    if event.audience.is_empty() || event.audience.len() > AUDIENCE_LIMIT {
        return Err(refused(format!(
            "an audience of {} bytes; 1 to {AUDIENCE_LIMIT} are allowed",
            event.audience.len()
        )));
    }
    let attributes = [
        ("event_id", event.id.to_string()),
        (
            "audience_class",
            audience::class(&event.audience).to_owned(),
        ),
    ];
    Ok(Message::new()
        .set_data(event.payload.clone())
        .set_attributes(attributes)
        .set_ordering_key(&event.audience))
}

fn behind_a_failure() -> BusError {
    unavailable("an earlier event of the same audience failed")
}

fn unavailable(reason: &str) -> BusError {
    BusError::Unavailable {
        reason: reason.to_owned(),
    }
}

fn refused(reason: String) -> BusError {
    BusError::Refused { reason }
}
