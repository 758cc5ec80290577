//! Forgets cached lists as soon as an event says that they changed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::{audience, events::v1::event::Payload};
use avvivo_http_kit::ResponseCache;
use avvivo_ports::{EventBus, Subscribe};
use avvivo_service_kit::{Lifecycle, health::Down};
use futures::StreamExt as _;

use crate::state::FEED_TAG;

/// How long to wait before asking a bus that is away again.
const RETRY: Duration = Duration::from_secs(2);

/// Whether events are heard just now. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hearing(Arc<AtomicBool>);

impl Hearing {
    /// For `/ready`.
    pub(crate) fn check(&self) -> Result<(), Down> {
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

/// Listens for as long as the service lives. While the bus cannot be heard, lists are as old as their time to live.
pub(crate) fn watch(
    lifecycle: &Lifecycle,
    bus: Arc<dyn EventBus>,
    cache: Arc<ResponseCache>,
    instance: String,
) -> Hearing {
    let hearing = Hearing::default();
    let heard = hearing.clone();
    let stop = lifecycle.stopping().clone();
    lifecycle.spawn("cache freshness", async move {
        let mut subscriptions = 0_u64;
        while !stop.is_cancelled() {
            subscriptions = subscriptions.saturating_add(1);
            // A name of its own each time: the deletion of the one before may still be under way.
            let wanted = wanted(format!("{instance}-{subscriptions}"));
            stop.run_until_cancelled(listen(&*bus, &cache, wanted, &heard))
                .await;
            heard.set(false);
            stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
        }
    });
    hearing
}

fn wanted(instance: String) -> Subscribe {
    Subscribe {
        instance,
        audience_class: Some(audience::PUBLIC_CLASS.to_owned()),
    }
}

/// Listens until the bus cannot be heard, or does not take us.
async fn listen(bus: &dyn EventBus, cache: &ResponseCache, wanted: Subscribe, hearing: &Hearing) {
    let mut events = match bus.subscribe(wanted).await {
        Ok(events) => events,
        Err(error) => {
            tracing::warn!(%error, "the event bus cannot be subscribed to");
            return;
        }
    };
    hearing.set(true);
    // What changed before we listened is not announced to us.
    cache.invalidate(FEED_TAG);
    while let Some(delivery) = events.next().await {
        match delivery {
            Ok(delivery) => forget(cache, delivery.ack().payload.as_ref()),
            Err(error) => {
                tracing::warn!(%error, "the event bus cannot be heard");
                return;
            }
        }
    }
}

fn forget(cache: &ResponseCache, payload: Option<&Payload>) {
    match payload {
        Some(Payload::ReelPublished(_) | Payload::ReelWithdrawn(_)) => cache.invalidate(FEED_TAG),
        Some(Payload::ReelStatusChanged(_)) | None => {}
    }
}
