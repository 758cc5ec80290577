//! Hears the event bus and hands every event to the hub.
//!
//! One task, one subscription. When the bus reports that it cannot be heard, the task lets the subscription go and makes
//! a new one under a new name (the old one's deletion may still be under way), because "it exists" is the only proof of
//! being heard that a quiet bus gives. What was announced in between may be missed, so everybody connected is told.
//!
//! An event is acknowledged once it is in the readers' queues. That loses nothing a crash would not lose anyhow: the
//! connections that should have read it are gone with the process.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::{audience, events::v1::Event};
use avvivo_kernel::Clock;
use avvivo_ports::{Delivery, EventBus, EventStream, Subscribe};
use avvivo_service_kit::{health::Down, trace};
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{Span, field::Empty};

use crate::{
    ending::Missed,
    frame::{Frame, moment},
    hub::Hub,
    instruments::{Instruments, since},
    sequences::{Arrival, Sequences},
};

/// Pause before the bus is asked again: soon enough for people who wait, seldom enough for a bus that recovers. Half of
/// it is drawn, so that instances do not ask in step.
const PAUSE: Duration = Duration::from_secs(1);

/// The hub behind its lock, which is held for one call and never across a wait.
#[derive(Clone)]
pub(crate) struct SharedHub(Arc<Mutex<Hub<Arc<Frame>>>>);

impl SharedHub {
    pub(crate) fn new(hub: Hub<Arc<Frame>>) -> Self {
        Self(Arc::new(Mutex::new(hub)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Hub<Arc<Frame>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the bus can be heard just now. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub struct Hearing(Arc<AtomicBool>);

impl Hearing {
    /// For `/ready`.
    pub fn check(&self) -> Result<(), Down> {
        if self.0.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err("bus.unavailable".into())
        }
    }

    fn set(&self, heard: bool) {
        self.0.store(heard, Ordering::Release);
    }
}

/// Hears the bus.
pub(crate) struct Listener {
    pub(crate) bus: Arc<dyn EventBus>,
    /// Names this process on the bus.
    pub(crate) instance: String,
    pub(crate) hub: SharedHub,
    pub(crate) hearing: Hearing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Instruments,
    pub(crate) sequences: Sequences,
}

impl Listener {
    /// Listens until `quit`.
    pub(crate) async fn run(mut self, quit: CancellationToken) {
        let mut subscriptions = 0_u64;
        let mut heard_before = false;
        while !quit.is_cancelled() {
            subscriptions += 1;
            let turn = self.turn(subscriptions, heard_before);
            let Some(heard) = quit.run_until_cancelled(turn).await else {
                break;
            };
            heard_before |= heard;
        }
        self.set_heard(false);
    }

    /// One subscription, from its creation to its loss and the pause after it. Answers whether it was heard at all.
    async fn turn(&mut self, number: u64, heard_before: bool) -> bool {
        let subscribe = Subscribe {
            instance: format!("{}-{number}", self.instance),
            audience_class: None,
        };
        let heard = match self.bus.subscribe(subscribe).await {
            Ok(events) => {
                self.set_heard(true);
                if heard_before {
                    self.announce_interruption();
                }
                self.hear(events).await;
                self.set_heard(false);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the event bus cannot be subscribed to");
                false
            }
        };
        tokio::time::sleep(PAUSE.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        heard
    }

    /// Returns when the bus cannot be heard through this subscription.
    async fn hear(&mut self, mut events: EventStream) {
        while let Some(delivery) = events.next().await {
            match delivery {
                Ok(delivery) => self.take(delivery),
                Err(error) => {
                    tracing::warn!(%error, "the event bus cannot be heard");
                    return;
                }
            }
        }
    }

    fn take(&mut self, delivery: Delivery) {
        let event = delivery.event();
        let arrival = self.sequences.note(&event.audience, event.sequence);
        if arrival == Arrival::Repeated {
            self.instruments.repeated();
        } else {
            if arrival == Arrival::AfterGap {
                self.announce_gap(event);
            }
            self.pass_on(event);
        }
        delivery.ack();
    }

    fn pass_on(&self, event: &Event) {
        let now = self.clock.now();
        let occurred_at = event.occurred_at.and_then(moment).unwrap_or(now);
        self.instruments.lagged(since(occurred_at, now));
        if !self.hub.lock().is_heard(&event.audience) {
            return;
        }
        let Some(frame) = Frame::of_event(event, occurred_at) else {
            tracing::debug!(
                event_id = event.id,
                "an event of a later version was passed over"
            );
            return;
        };
        let span = span(event, frame.name);
        let _delivering = span.enter();
        let fanout = self.hub.lock().publish(&event.audience, &Arc::new(frame));
        span.record("readers", fanout.reached);
        if fanout.shed > 0 {
            tracing::info!(readers = fanout.shed, "slow readers were let go");
        }
    }

    /// Something of this audience was never heard.
    fn announce_gap(&self, event: &Event) {
        self.instruments.missed(Missed::Gap);
        tracing::warn!(
            event_id = event.id,
            sequence = event.sequence,
            "events are missing before this one"
        );
        let notice = Frame::missed(Missed::Gap, self.clock.now());
        self.hub.lock().publish(&event.audience, &Arc::new(notice));
    }

    /// Anything may have been missed while nothing was heard.
    fn announce_interruption(&self) {
        self.instruments.missed(Missed::Interrupted);
        let notice = Frame::missed(Missed::Interrupted, self.clock.now());
        let fanout = self.hub.lock().broadcast(&Arc::new(notice));
        tracing::info!(readers = fanout.reached, "the event bus is heard again");
    }

    fn set_heard(&self, heard: bool) {
        self.hearing.set(heard);
        self.instruments.heard(heard);
    }
}

/// The delivery, as part of the trace of the write that caused the event.
fn span(event: &Event, name: &'static str) -> Span {
    let span = tracing::info_span!(
        "deliver event",
        otel.kind = "consumer",
        event.id = event.id,
        event.name = name,
        event.audience_class = audience::class(&event.audience),
        event.sequence = event.sequence,
        readers = Empty,
    );
    trace::set_parent(&span, &event.traceparent);
    span
}
