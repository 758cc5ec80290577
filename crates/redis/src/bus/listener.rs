//! The task that owns one subscription, which is one connection.
//!
//! It hands on what comes and never waits for its reader: a reader that falls further behind than the bounds allow is told
//! that it missed something, as it is when the connection is lost or does not answer. Then the task ends. Whoever wants to
//! go on subscribes anew and finds out what was missed; going on by itself would hide that there was a hole.

use std::sync::Arc;

use avvivo_contracts::events::v1::Event;
use avvivo_ports::{BusError, Delivery};
use futures::StreamExt as _;
use prost::Message as _;
use redis::{
    Msg,
    aio::{PubSub, PubSubSink, PubSubStream},
};
use tokio::sync::{
    Semaphore,
    mpsc::{OwnedPermit, Sender},
};
use tokio_util::sync::CancellationToken;

use super::{ANSWER_LIMIT, CHECK_EVERY, WAITING_BYTES, unavailable, within};

type Item = Result<Delivery, BusError>;

pub(super) struct Listener {
    sink: PubSubSink,
    messages: PubSubStream,
    deliveries: Sender<Item>,
    /// Room for the last word, however full the channel is.
    last_word: OwnedPermit<Item>,
    room: Arc<Semaphore>,
    instance: String,
    stop: CancellationToken,
}

/// Why a subscription ended.
enum End {
    /// The reader is gone, or the bus is closing.
    Closed,
    /// Something may have been missed.
    Lost(BusError),
}

impl Listener {
    /// None when nobody reads any more.
    pub(super) fn new(
        connection: PubSub,
        deliveries: Sender<Item>,
        instance: String,
        stop: CancellationToken,
    ) -> Option<Self> {
        let (sink, messages) = connection.split();
        Some(Self {
            sink,
            messages,
            last_word: deliveries.clone().try_reserve_owned().ok()?,
            deliveries,
            room: Arc::new(Semaphore::new(WAITING_BYTES)),
            instance,
            stop,
        })
    }

    pub(super) async fn run(self) {
        let Self {
            sink,
            mut messages,
            deliveries,
            last_word,
            room,
            instance,
            stop,
        } = self;
        let end = tokio::select! {
            // A reader that went away must not keep a connection.
            () = stop.cancelled() => End::Closed,
            () = deliveries.closed() => End::Closed,
            // Half a connection looks like a quiet evening.
            error = mute(sink) => End::Lost(error),
            error = forward(&mut messages, &deliveries, &room) => End::Lost(error),
        };
        if let End::Lost(error) = end {
            tracing::warn!(instance, %error, "lost a subscription");
            last_word.send(Err(error));
        }
    }
}

/// Ready when the connection does not answer.
async fn mute(mut sink: PubSubSink) -> BusError {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        if let Err(error) = within(ANSWER_LIMIT, sink.ping::<redis::Value>()).await {
            return error;
        }
    }
}

/// Ready when the connection is lost, or the reader is too slow.
async fn forward(
    messages: &mut PubSubStream,
    deliveries: &Sender<Item>,
    room: &Arc<Semaphore>,
) -> BusError {
    let too_slow = || unavailable("the reader is too slow for the bus");
    while let Some(message) = messages.next().await {
        let Some(event) = event_of(&message) else {
            continue;
        };
        let size = u32::try_from(message.get_payload_bytes().len()).unwrap_or(u32::MAX);
        let Ok(place) = Arc::clone(room).try_acquire_many_owned(size) else {
            return too_slow();
        };
        // Redis does not ask whether it arrived; what letting go of a delivery gives back is room.
        let delivery = Delivery::new(event, Box::new(move || drop(place)));
        if deliveries.try_send(Ok(delivery)).is_err() {
            return too_slow();
        }
    }
    unavailable("the connection to Redis was lost")
}

fn event_of(message: &Msg) -> Option<Event> {
    let event = Event::decode(message.get_payload_bytes());
    event
        .inspect_err(|error| {
            let channel = message.get_channel_name();
            tracing::error!(%error, channel, "dropped an unreadable event");
        })
        .ok()
}
