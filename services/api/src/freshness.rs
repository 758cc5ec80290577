//! Forgets cached lists as soon as an event says that they changed.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::{audience, events::v1::event::Payload};
use avvivo_http_kit::ResponseCache;
use avvivo_ports::{EventBus, Subscribe};
use avvivo_service_kit::Lifecycle;
use futures::StreamExt as _;

use crate::state::FEED_TAG;

/// How long to wait before asking a bus that is away again.
const RETRY: Duration = Duration::from_secs(2);

/// Listens for as long as the service lives. While the bus cannot be heard, lists are as old as their time to live.
pub(crate) fn watch(
    lifecycle: &Lifecycle,
    bus: Arc<dyn EventBus>,
    cache: Arc<ResponseCache>,
    instance: String,
) {
    let stop = lifecycle.stopping().clone();
    lifecycle.spawn("cache freshness", async move {
        let wanted = wanted(instance);
        while !stop.is_cancelled() {
            stop.run_until_cancelled(listen(&*bus, &cache, &wanted))
                .await;
            stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
        }
    });
}

fn wanted(instance: String) -> Subscribe {
    Subscribe {
        instance,
        audience_class: Some(audience::PUBLIC_CLASS.to_owned()),
    }
}

/// Listens until the bus closes the stream or does not take us.
async fn listen(bus: &dyn EventBus, cache: &ResponseCache, wanted: &Subscribe) {
    let mut events = match bus.subscribe(wanted.clone()).await {
        Ok(events) => events,
        Err(error) => {
            tracing::warn!(%error, "the event bus cannot be subscribed to");
            return;
        }
    };
    // What changed before we listened is not announced to us.
    cache.invalidate(FEED_TAG);
    while let Some(delivery) = events.next().await {
        match delivery {
            Ok(delivery) => forget(cache, delivery.ack().payload.as_ref()),
            Err(error) => tracing::warn!(%error, "the event bus cannot be heard"),
        }
    }
}

fn forget(cache: &ResponseCache, payload: Option<&Payload>) {
    match payload {
        Some(Payload::ReelPublished(_) | Payload::ReelWithdrawn(_)) => cache.invalidate(FEED_TAG),
        Some(Payload::ReelStatusChanged(_)) | None => {}
    }
}
