//! Topics, subscriptions and what connects them. Memory is changed only in the store's commit
//! order ([`Store::write_then`](crate::store::Store::write_then)), so every subscription of a topic
//! sees its messages in one order, the one they have on disk.

mod admin;
mod delivery;
mod publish;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::runtime::Handle;

pub(super) use self::delivery::parse as parse_ack_ids;

use super::backlog::Effects;
use super::config::SubscriptionConfig;
use super::subscription::{Settings, Subscription};
use super::topic::Topic;
use super::{custodian, push, rows};
use crate::server::StartError;
use crate::state::State;
use crate::wire::ApiError;

pub(super) struct Engine {
    pub(super) state: State,
    registry: RwLock<Registry>,
    /// The next message's id. Starts at the time in microseconds, so ids grow across restarts even
    /// when every message before was settled.
    next_message: AtomicI64,
    next_holder: AtomicU64,
    runtime: Handle,
}

#[derive(Default)]
struct Registry {
    topics: BTreeMap<String, TopicEntry>,
    subscriptions: BTreeMap<String, Arc<Subscription>>,
}

struct TopicEntry {
    topic: Topic,
    subscriptions: Vec<Arc<Subscription>>,
}

impl Engine {
    /// Loads what the store has, and starts a custodian and a pusher for every subscription.
    pub(super) async fn open(state: State) -> Result<Arc<Self>, StartError> {
        state.store.migrate("pubsub", rows::MIGRATIONS).await?;
        let (topics, subscriptions, backlog) = state
            .store
            .read(|db| {
                rows::delete_leftovers(db)?;
                Ok((
                    rows::list_topics(db)?,
                    rows::list_subscriptions(db)?,
                    rows::list_backlog(db)?,
                ))
            })
            .await?;
        let now = state.clock.now();
        let newest = backlog.last().map_or(0, |(message, _)| message.id);
        let mut registry = Registry::default();
        for (name, config) in topics {
            let topic = parse_row(&config).and_then(|config| Topic::parse(config, &name));
            registry.add_topic(topic.map_err(|error| broken_row(&name, error))?);
        }
        let mut by_id = HashMap::new();
        for row in subscriptions {
            let settings = parse_row(&row.config)
                .and_then(|config| SubscriptionConfig::parse(config, &row.name))
                .and_then(Settings::new)
                .map_err(|error| broken_row(&row.name, error))?;
            let subscription = Subscription::new(row.id, settings, now, state.stop.child_token());
            by_id.insert(row.id, Arc::clone(&subscription));
            registry.add_subscription(subscription);
        }
        for (message, waiting) in backlog {
            for id in waiting {
                if let Some(subscription) = by_id.get(&id) {
                    subscription.push(vec![Arc::clone(&message)]);
                }
            }
        }
        let engine = Arc::new(Self {
            registry: RwLock::new(registry),
            next_message: AtomicI64::new(now.timestamp_micros().max(newest + 1)),
            next_holder: AtomicU64::new(1),
            runtime: Handle::current(),
            state,
        });
        for subscription in by_id.into_values() {
            engine.attend(subscription);
        }
        Ok(engine)
    }

    pub(super) fn subscription(&self, name: &str) -> Result<Arc<Subscription>, ApiError> {
        self.registry()
            .subscriptions
            .get(name)
            .cloned()
            .ok_or_else(|| {
                ApiError::not_found(format!("Subscription does not exist (resource={name})."))
            })
    }

    /// Identifies a new consumer.
    pub(super) fn new_holder(&self) -> u64 {
        self.next_holder.fetch_add(1, Ordering::Relaxed)
    }

    /// Starts what runs beside a subscription for as long as it exists.
    fn attend(self: &Arc<Self>, subscription: Arc<Subscription>) {
        let pusher = push::run(Arc::clone(self), Arc::clone(&subscription));
        let custodian = custodian::run(Arc::clone(self), subscription);
        // Called on the store's thread too, which is not one of the runtime's.
        self.state.background.spawn_on(pusher, &self.runtime);
        self.state.background.spawn_on(custodian, &self.runtime);
    }

    /// Carries out what a change of a backlog asks for.
    pub(super) async fn apply(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        effects: Effects,
    ) -> Result<(), ApiError> {
        let mut settled = effects.settled;
        for (message, attempts) in effects.dead {
            match self.dead_letter(subscription, &message, attempts).await {
                Ok(()) => {
                    let effects = subscription.change(|backlog| backlog.settle(message.id));
                    settled.extend(effects.settled);
                }
                // As with Google, a message that cannot be forwarded goes on being delivered.
                Err(error) => {
                    tracing::warn!(%error, message = message.id, "cannot dead-letter a message");
                    subscription.change(|backlog| backlog.unpark(message.id));
                }
            }
        }
        if settled.is_empty() {
            return Ok(());
        }
        let id = subscription.id;
        Ok(self
            .state
            .store
            .write(move |db| rows::settle(db, id, &settled))
            .await?)
    }

    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn add_topic(&mut self, topic: Topic) {
        let entry = TopicEntry {
            subscriptions: Vec::new(),
            topic,
        };
        self.topics.insert(entry.topic.name.clone(), entry);
    }

    fn add_subscription(&mut self, subscription: Arc<Subscription>) {
        let settings = subscription.settings();
        if let Some(topic) = self.topics.get_mut(&settings.config.topic) {
            topic.subscriptions.push(Arc::clone(&subscription));
        }
        self.subscriptions
            .insert(settings.config.name.clone(), subscription);
    }

    fn remove_subscription(&mut self, name: &str) -> Option<Arc<Subscription>> {
        let subscription = self.subscriptions.remove(name)?;
        for topic in self.topics.values_mut() {
            topic
                .subscriptions
                .retain(|other| other.id != subscription.id);
        }
        Some(subscription)
    }
}

fn parse_row(config: &str) -> Result<serde_json::Value, ApiError> {
    crate::wire::json::parse(config.as_bytes())
}

fn broken_row(name: &str, error: ApiError) -> StartError {
    StartError::new(format!("read the stored configuration of {name}"), error)
}
