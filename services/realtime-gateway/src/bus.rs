//! Hears the event bus and hands every event to the hub.
//!
//! One task, one subscription. When the bus reports that it cannot be heard, the task lets the subscription go and makes
//! a new one under a new name (the old one's deletion may still be under way), because "it exists" is the only proof of
//! being heard that a quiet bus gives. What was announced in between is asked of the api before the instance counts as
//! hearing again: the audiences' heads say where something is missing, and the history fills it.
//!
//! An event is acknowledged once it is in its ring. That loses nothing a crash would not lose anyhow: the connections that
//! should have read it are gone with the process, and ask another for what they missed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::{
    audience::{self, Audience},
    events::v1::Event,
};
use avvivo_kernel::Clock;
use avvivo_ports::{Delivery, EventBus, EventStream, Subscribe};
use avvivo_service_kit::{health::Down, trace};
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    frame::moment,
    history::frame_of,
    hub::{Hub, Ingested},
    instruments::{Instruments, since},
    refusal::Refusal,
};

/// Pause before the bus is asked again: soon enough for people who wait, seldom enough for a bus that recovers. Half of
/// it is drawn, so that instances do not ask in step.
const PAUSE: Duration = Duration::from_secs(1);

/// Audiences whose heads are asked at once.
const HEADS_AT_ONCE: usize = 1_000;

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
    pub(crate) api: Arc<Api>,
    /// Names this process on the bus.
    pub(crate) instance: String,
    pub(crate) hub: Arc<Hub>,
    pub(crate) hearing: Hearing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Instruments,
}

impl Listener {
    /// Listens until `quit`.
    pub(crate) async fn run(self, quit: CancellationToken) {
        let mut subscriptions = 0_u64;
        while !quit.is_cancelled() {
            subscriptions += 1;
            if quit
                .run_until_cancelled(self.turn(subscriptions))
                .await
                .is_none()
            {
                break;
            }
        }
        self.set_heard(false);
    }

    /// One subscription, from its creation to its loss and the pause after it.
    async fn turn(&self, number: u64) {
        let subscribe = Subscribe {
            instance: format!("{}-{number}", self.instance),
            audience_class: None,
        };
        match self.bus.subscribe(subscribe).await {
            Ok(events) => {
                self.hear(events).await;
                self.set_heard(false);
            }
            Err(error) => tracing::warn!(%error, "the event bus cannot be subscribed to"),
        }
        tokio::time::sleep(PAUSE.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
    }

    /// Returns when the bus cannot be heard through this subscription.
    async fn hear(&self, mut events: EventStream) {
        let listening = async {
            while let Some(delivery) = events.next().await {
                match delivery {
                    Ok(delivery) => self.take(delivery),
                    Err(error) => {
                        tracing::warn!(%error, "the event bus cannot be heard");
                        return;
                    }
                }
            }
        };
        // Both at once: what is announced while the heads are asked is heard through the subscription.
        let asking = async {
            self.catch_up().await;
            self.set_heard(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = listening => {}
            () = asking => {}
        }
    }

    /// Learns what was announced while nobody listened. Returns when that is known.
    async fn catch_up(&self) {
        while let Err(error) = self.learn_heads().await {
            tracing::warn!(%error, "the api cannot say what was missed");
            tokio::time::sleep(PAUSE).await;
        }
        self.hub.heard_again.notify_one();
    }

    async fn learn_heads(&self) -> Result<(), Refusal> {
        let mut topics = self.hub.topics();
        // Nobody is kept waiting for what only this process itself reads.
        topics.retain(|topic| topic.name() != Audience::ControlAccess);
        for some in topics.chunks(HEADS_AT_ONCE) {
            let names = some.iter().map(|topic| topic.name());
            let heads = self.api.heads(names).await?;
            for topic in some {
                // One that was told nothing yet is left out.
                let head = heads.get(&topic.name()).copied().unwrap_or_default();
                self.hub.learn_head(topic, head);
            }
        }
        Ok(())
    }

    fn take(&self, delivery: Delivery) {
        let event = delivery.event();
        let now = self.clock.now();
        let occurred_at = event.occurred_at.and_then(moment).unwrap_or(now);
        let mut name = None;
        let ingested = self.hub.ingest(&event.audience, event.sequence, || {
            let frame = frame_of(event, now);
            name = Some(frame.name());
            frame
        });
        // Whoever reads it is told first.
        if let Some(name) = name {
            deliver(event, name, ingested);
        }
        match ingested {
            Ingested::Repeated => self.instruments.repeated(),
            Ingested::Added { .. } | Ingested::Early | Ingested::Unread | Ingested::State => {
                self.instruments.lagged(since(occurred_at, now));
            }
        }
        delivery.ack();
    }

    fn set_heard(&self, heard: bool) {
        self.hearing.set(heard);
        self.instruments.heard(heard);
    }
}

/// Traces the delivery, as part of the trace of the write that caused the event.
fn deliver(event: &Event, name: &'static str, ingested: Ingested) {
    let readers = match ingested {
        Ingested::Added { readers } => Some(readers),
        _ => None,
    };
    let span = tracing::info_span!(
        "deliver event",
        otel.kind = "consumer",
        event.id = event.id,
        event.name = name,
        event.audience_class = audience::class(&event.audience),
        event.sequence = event.sequence,
        readers,
    );
    trace::set_parent(&span, &event.traceparent);
}
