//! From a publisher to the backlogs of a topic's subscriptions, in one commit.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::Engine;
use super::admin::no_topic;
use crate::pubsub::message::{self, Message};
use crate::pubsub::proto::PubsubMessage;
use crate::pubsub::rows;
use crate::pubsub::subscription::Subscription;
use crate::wire::ApiError;
use crate::wire::json::format_time;

/// What a publish will put where, once it is committed.
struct Plan {
    ids: Vec<String>,
    backlogs: Vec<(Arc<Subscription>, Vec<Arc<Message>>)>,
}

impl Engine {
    /// Stores the messages for every subscription that wants them; answers their ids.
    pub(in crate::pubsub) async fn publish(
        self: &Arc<Self>,
        topic: String,
        messages: Vec<PubsubMessage>,
    ) -> Result<Vec<String>, ApiError> {
        message::check(&messages)?;
        self.deliver(topic, messages).await
    }

    /// Ids are given, and subscriptions chosen, on the store's thread: both follow commit order.
    async fn deliver(
        self: &Arc<Self>,
        topic: String,
        messages: Vec<PubsubMessage>,
    ) -> Result<Vec<String>, ApiError> {
        let engine = Arc::clone(self);
        self.state
            .store
            .write_then(
                move |db| match engine.plan(&topic, messages) {
                    Ok(plan) => plan.store(db).map(|()| Ok(plan)),
                    Err(error) => Ok(Err(error)),
                },
                |plan| plan.map(Plan::carry_out),
            )
            .await?
    }

    fn plan(&self, topic: &str, messages: Vec<PubsubMessage>) -> Result<Plan, ApiError> {
        let subscriptions = {
            let registry = self.registry();
            let entry = registry.topics.get(topic).ok_or_else(|| no_topic(topic))?;
            entry.subscriptions.clone()
        };
        let now = self.state.clock.now();
        let next_id = || self.next_message.fetch_add(1, Ordering::Relaxed);
        let messages: Vec<_> = messages
            .into_iter()
            .map(|body| Message::publish(next_id(), now, body))
            .collect();
        let mut backlogs = Vec::new();
        for subscription in subscriptions {
            let settings = subscription.settings();
            let wanted: Vec<_> = messages
                .iter()
                .filter(|m| settings.wants(&m.body.attributes))
                .cloned()
                .collect();
            if !wanted.is_empty() {
                subscription.check_room(wanted.len(), wanted.iter().map(|m| m.bytes).sum())?;
                backlogs.push((subscription, wanted));
            }
        }
        Ok(Plan {
            ids: messages.iter().map(|m| m.body.message_id.clone()).collect(),
            backlogs,
        })
    }

    /// Publishes what `subscription` could not deliver to its dead-letter topic.
    pub(super) async fn dead_letter(
        self: &Arc<Self>,
        subscription: &Subscription,
        message: &Message,
        attempts: u32,
    ) -> Result<(), ApiError> {
        let settings = subscription.settings();
        let Some(policy) = &settings.config.dead_letter_policy else {
            return Err(ApiError::not_found("The dead-letter policy was removed."));
        };
        let source = &settings.config.name;
        let (project, name) = source.split_once("/subscriptions/").unwrap_or(("", source));
        let mut body = message.body.clone();
        body.attributes.extend([
            (
                "CloudPubSubDeadLetterSourceDeliveryCount".to_owned(),
                attempts.to_string(),
            ),
            (
                "CloudPubSubDeadLetterSourceSubscription".to_owned(),
                name.to_owned(),
            ),
            (
                "CloudPubSubDeadLetterSourceSubscriptionProject".to_owned(),
                project.trim_start_matches("projects/").to_owned(),
            ),
            (
                "CloudPubSubDeadLetterSourceTopicPublishTime".to_owned(),
                format_time(message.published),
            ),
        ]);
        // Not checked again: Google's own attributes may go beyond the bounds on a publisher's.
        self.deliver(policy.dead_letter_topic.clone(), vec![body])
            .await
            .map(drop)
    }
}

impl Plan {
    fn store(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut stored = HashSet::new();
        for (subscription, messages) in &self.backlogs {
            for message in messages {
                if stored.insert(message.id) {
                    rows::insert_message(db, message)?;
                }
                rows::insert_backlog(db, message.id, subscription.id)?;
            }
        }
        Ok(())
    }

    fn carry_out(self) -> Vec<String> {
        for (subscription, messages) in self.backlogs {
            subscription.push(messages);
        }
        self.ids
    }
}
