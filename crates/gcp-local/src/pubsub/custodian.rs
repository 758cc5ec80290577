//! One task a subscription that sleeps until something is due: a lease or a pause that ends, a
//! message past its retention, or the subscription's own expiry.

use std::sync::Arc;

use super::engine::Engine;
use super::subscription::Subscription;

pub(super) async fn run(engine: Arc<Engine>, subscription: Arc<Subscription>) {
    let clock = engine.state.clock.clone();
    loop {
        tokio::select! {
            () = subscription.gone.cancelled() => return,
            () = clock.sleep_until(subscription.next_due()) => {}
            () = subscription.due_sooner() => continue,
        }
        let now = clock.now();
        if subscription.expires_at().is_some_and(|at| at <= now) {
            let name = subscription.settings().config.name.clone();
            tracing::info!(name, "a subscription that nobody used expires");
            if let Err(error) = engine.delete_subscription(&name).await {
                tracing::warn!(%error, name, "an expired subscription could not be deleted");
            }
            return;
        }
        let effects = subscription.tick(now);
        if let Err(error) = engine.apply(&subscription, effects).await {
            tracing::warn!(%error, "what became due could not be stored");
        }
    }
}
