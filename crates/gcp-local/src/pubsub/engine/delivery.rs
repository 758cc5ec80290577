//! Pull, acknowledge, extend: what consumers do, whichever way they are connected.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::Engine;
use crate::pubsub::backlog::{AckId, Delivery, Holder, PerKey};
use crate::pubsub::subscription::Subscription;
use crate::wire::ApiError;

/// Longest lease a consumer can ask for (Google's bound).
const MAX_DEADLINE_SECONDS: i32 = 600;

/// How long a pull waits for a first message before it answers with none. Below the usual client
/// deadline of a minute.
const PULL_WAIT: Duration = Duration::from_secs(20);

/// Most messages one pull can get (Google's bound).
const MAX_PULL: i32 = 1000;

/// Answers to one pull are kept well under the size that gRPC clients accept.
const MAX_PULL_BYTES: usize = 10 << 20;

impl Engine {
    /// Up to `max_messages` messages; waits for one unless `at_once`.
    pub(in crate::pubsub) async fn pull(
        &self,
        name: &str,
        max_messages: i32,
        at_once: bool,
    ) -> Result<Vec<Delivery>, ApiError> {
        let limit = usize::try_from(max_messages.min(MAX_PULL)).unwrap_or(0);
        if limit == 0 {
            return Err(ApiError::invalid("max_messages must be positive."));
        }
        let subscription = self.subscription(name)?;
        let holder = Holder {
            id: self.new_holder(),
            max_messages: limit,
            max_bytes: MAX_PULL_BYTES,
            per_key: PerKey::Many,
        };
        let mut arrivals = subscription.arrivals();
        let patience = tokio::time::sleep(PULL_WAIT);
        tokio::pin!(patience);
        loop {
            arrivals.mark_unchanged();
            let now = self.state.clock.now();
            subscription.touch(now);
            let deadline = subscription.settings().config.ack_deadline_seconds;
            let until = now + TimeDelta::seconds(deadline.into());
            let deliveries = subscription.take(&holder, limit, until);
            if !deliveries.is_empty() || at_once {
                return Ok(deliveries);
            }
            tokio::select! {
                changed = arrivals.changed() => if changed.is_err() { return Ok(deliveries) },
                () = &mut patience => return Ok(deliveries),
                () = subscription.gone.cancelled() => return Ok(deliveries),
            }
        }
    }

    pub(in crate::pubsub) async fn acknowledge(
        self: &Arc<Self>,
        name: &str,
        ack_ids: &[AckId],
    ) -> Result<(), ApiError> {
        let subscription = self.subscription(name)?;
        self.acknowledge_on(&subscription, ack_ids).await
    }

    pub(in crate::pubsub) async fn acknowledge_on(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        ack_ids: &[AckId],
    ) -> Result<(), ApiError> {
        subscription.touch(self.state.clock.now());
        let effects = subscription.ack(ack_ids);
        self.apply(subscription, effects).await
    }

    /// Zero seconds gives the messages back.
    pub(in crate::pubsub) async fn modify_ack_deadline(
        self: &Arc<Self>,
        name: &str,
        ack_ids: &[AckId],
        seconds: i32,
    ) -> Result<(), ApiError> {
        let subscription = self.subscription(name)?;
        self.modify_on(&subscription, ack_ids, seconds).await
    }

    pub(in crate::pubsub) async fn modify_on(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        ack_ids: &[AckId],
        seconds: i32,
    ) -> Result<(), ApiError> {
        if !(0..=MAX_DEADLINE_SECONDS).contains(&seconds) {
            return Err(ApiError::invalid(
                "ack_deadline_seconds must be from 0 to 600.",
            ));
        }
        let now = self.state.clock.now();
        subscription.touch(now);
        if seconds > 0 {
            subscription.extend(ack_ids, now + TimeDelta::seconds(seconds.into()));
            return Ok(());
        }
        let effects = subscription.nack(ack_ids, now);
        self.apply(subscription, effects).await
    }
}

pub(in crate::pubsub) fn parse(ack_ids: &[String]) -> Result<Vec<AckId>, ApiError> {
    ack_ids.iter().map(|text| text.parse()).collect()
}
