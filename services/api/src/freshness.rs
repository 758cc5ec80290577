//! Forgets cached lists as soon as an event says that they changed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use avvivo_contracts::{audience, events::v1::event::Payload};
use avvivo_http_kit::ResponseCache;
use avvivo_kernel::Fault as _;
use avvivo_ports::{EventBus, Subscribe};
use avvivo_service_kit::{Lifecycle, health::Down};
use futures::StreamExt as _;

use crate::state::{FEED_TAG, SHOPS_TAG};

/// How long to wait before asking a bus that is away again.
const RETRY: Duration = Duration::from_secs(2);

/// Whether events are heard just now, and why not. Clones share the answer.
#[derive(Debug, Clone)]
pub(crate) struct Hearing(Arc<Mutex<Result<(), Down>>>);

impl Default for Hearing {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Err("bus.unavailable".into()))))
    }
}

impl Hearing {
    /// For `/ready` and the status page.
    pub(crate) fn check(&self) -> Result<(), Down> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, heard: Result<(), Down>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = heard;
    }
}

/// Listens for as long as the service lives, and then awaits `close`, which is to end the bus' subscriptions. While the bus
/// cannot be heard, lists are as old as their time to live.
pub(crate) fn watch(
    lifecycle: &Lifecycle,
    bus: Arc<dyn EventBus>,
    close: impl Future<Output = ()> + Send + 'static,
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
            let deaf = stop.run_until_cancelled(listen(&*bus, &cache, wanted, &heard));
            // None when it is time to leave, and then nobody listens either.
            heard.set(Err(deaf.await.unwrap_or("bus.unavailable".into())));
            stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
        }
        // Deletes the subscription, so that it does not fill up for nobody.
        close.await;
    });
    hearing
}

fn wanted(instance: String) -> Subscribe {
    Subscribe {
        instance,
        audience_class: Some(audience::PUBLIC_CLASS.to_owned()),
    }
}

/// Listens until the bus cannot be heard, or does not take us, and answers why.
async fn listen(
    bus: &dyn EventBus,
    cache: &ResponseCache,
    wanted: Subscribe,
    hearing: &Hearing,
) -> Down {
    let mut events = match bus.subscribe(wanted).await {
        Ok(events) => events,
        Err(error) => {
            tracing::warn!(%error, "the event bus cannot be subscribed to");
            return error.code().into();
        }
    };
    // What changed before we listened is not announced to us. Only once it is forgotten may anybody rely on us.
    cache.invalidate(FEED_TAG);
    cache.invalidate(SHOPS_TAG);
    hearing.set(Ok(()));
    while let Some(delivery) = events.next().await {
        match delivery {
            Ok(delivery) => forget(cache, delivery.ack().payload.as_ref()),
            Err(error) => {
                tracing::warn!(%error, "the event bus cannot be heard");
                return error.code().into();
            }
        }
    }
    "bus.unavailable".into()
}

fn forget(cache: &ResponseCache, payload: Option<&Payload>) {
    match payload {
        Some(Payload::ReelPublished(_) | Payload::ReelWithdrawn(_)) => cache.invalidate(FEED_TAG),
        Some(Payload::ShopChanged(_)) => {
            cache.invalidate(SHOPS_TAG);
            // Reels show their shops, and those of shops that are out of sight are not shown.
            cache.invalidate(FEED_TAG);
        }
        Some(
            Payload::ReelStatusChanged(_)
            | Payload::ChatMessageSent(_)
            | Payload::ChatRead(_)
            | Payload::ChatTyping(_)
            | Payload::AccessChanged(_),
        )
        | None => {}
    }
}
