//! Facts for everybody: published once, heard by every subscriber at least once, in order within an audience.

use std::pin::Pin;

use async_trait::async_trait;
use avvivo_contracts::events::v1::Event;
use avvivo_kernel::{ErrorKind, EventId, Fault};
use bytes::Bytes;
use futures::Stream;

/// An event as the outbox keeps it: routed by id and audience, otherwise opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundEvent {
    /// Subscribers recognise repeats by it.
    pub id: EventId,
    /// Who may see it, such as `shop:<id>`; also the ordering key.
    pub audience: String,
    /// An encoded `avvivo.events.v1.Event`.
    pub payload: Bytes,
}

/// Which events a subscriber wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// Names the instance that listens; unique among running instances. Every instance hears every event.
    pub instance: String,
    /// Only audiences of this class, which is the part before the colon (`shop`, `client`, `public`); all when empty.
    pub audience_class: Option<String>,
}

/// One delivered event. Dropping it without [`Delivery::ack`] asks for it again, where the bus keeps what was not confirmed:
/// Pub/Sub does, Redis does not.
pub struct Delivery {
    event: Event,
    ack: Box<dyn FnOnce() + Send>,
}

impl Delivery {
    /// Pairs an event with what confirms it.
    pub fn new(event: Event, ack: Box<dyn FnOnce() + Send>) -> Self {
        Self { event, ack }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Confirms the event and hands it out.
    pub fn ack(self) -> Event {
        (self.ack)();
        self.event
    }
}

/// Deliveries until the subscription ends. An `Err` says that the bus cannot be heard just now, and that events may have been
/// missed. A stream may go on and heal by itself after it, or end; whoever has to know that nothing is missing subscribes
/// anew. An end without an `Err` before it means that it was closed on purpose.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Delivery, BusError>> + Send>>;

/// Carries events.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes a batch. Answers in the batch's order; `Ok` means that the bus has the event: whoever is subscribed hears
    /// it, or an `Err` in its place. When one event of an audience fails, the later ones of that audience in the batch fail
    /// too, so that repeating them keeps the order.
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>>;

    /// Starts to listen. The subscription exists when this returns: whatever is published from then on is delivered.
    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError>;
}

/// Why the bus did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BusError {
    /// The bus is away or overloaded: the same call may work later.
    #[error("the event bus is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
    },
    /// The bus will never take this.
    #[error("the event bus refused: {reason}")]
    Refused {
        /// What was seen, for logs.
        reason: String,
    },
}

impl Fault for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Refused { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "bus.unavailable",
            Self::Refused { .. } => "bus.refused",
        }
    }

    fn public_message(&self) -> String {
        "Las novedades en vivo están demoradas. Probá de nuevo en unos minutos.".to_owned()
    }
}
