//! Creating, changing and deleting topics and subscriptions.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Engine;
use crate::pubsub::config::SubscriptionConfig;
use crate::pubsub::rows;
use crate::pubsub::subscription::{Settings, Subscription};
use crate::pubsub::topic::{self, Topic};
use crate::wire::{ApiError, Code};

impl Engine {
    pub(in crate::pubsub) async fn create_topic(
        self: &Arc<Self>,
        topic: Topic,
    ) -> Result<Topic, ApiError> {
        let (name, config, engine) = (topic.name.clone(), row(&topic)?, Arc::clone(self));
        self.state
            .store
            .write_then(
                move |db| rows::insert_topic(db, &name, &config),
                move |inserted| {
                    if !inserted {
                        return Err(exists("Topic", &topic.name));
                    }
                    engine.registry_mut().add_topic(topic.clone());
                    Ok(topic)
                },
            )
            .await?
    }

    pub(in crate::pubsub) fn topic(&self, name: &str) -> Result<Topic, ApiError> {
        let registry = self.registry();
        let entry = registry.topics.get(name).ok_or_else(|| no_topic(name))?;
        Ok(entry.topic.clone())
    }

    /// Only a topic's labels have a meaning that can change.
    pub(in crate::pubsub) async fn update_topic(
        self: &Arc<Self>,
        name: &str,
        update: Value,
        mask: &str,
    ) -> Result<Topic, ApiError> {
        if mask.split(',').any(|field| field.trim() != "labels") {
            return Err(ApiError::invalid(
                "Only the field labels of a topic can be updated.",
            ));
        }
        let mut topic = self.topic(name)?;
        topic.labels = Topic::parse(update, name)?.labels;
        let (name, config, engine) = (name.to_owned(), row(&topic)?, Arc::clone(self));
        self.state
            .store
            .write_then(
                move |db| rows::update_topic(db, &name, &config),
                move |()| {
                    let mut registry = engine.registry_mut();
                    let entry = registry.topics.get_mut(&topic.name);
                    let entry = entry.ok_or_else(|| no_topic(&topic.name))?;
                    entry.topic = topic.clone();
                    Ok(topic)
                },
            )
            .await?
    }

    /// Its subscriptions stay, with their backlogs and without a topic.
    pub(in crate::pubsub) async fn delete_topic(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<(), ApiError> {
        self.topic(name)?;
        let (name, memory, disk) = (name.to_owned(), Arc::clone(self), Arc::clone(self));
        let removed = name.clone();
        self.state
            .store
            .write_then(
                move |db| {
                    rows::delete_topic(db, &name)?;
                    let orphans = disk.orphans(&name);
                    for (subscription, settings) in &orphans {
                        let config = serde_json::to_string(&settings.config).unwrap_or_default();
                        rows::update_subscription(db, subscription.id, &config)?;
                    }
                    Ok(orphans)
                },
                move |orphans| {
                    memory.registry_mut().topics.remove(&removed);
                    for (subscription, settings) in orphans {
                        subscription.set_settings(settings);
                    }
                },
            )
            .await?;
        Ok(())
    }

    /// The subscriptions of `topic`, with their settings after its deletion.
    fn orphans(&self, topic: &str) -> Vec<(Arc<Subscription>, Arc<Settings>)> {
        let subscriptions = self
            .registry()
            .topics
            .get(topic)
            .map(|entry| entry.subscriptions.clone());
        let orphaned = |subscription: Arc<Subscription>| {
            let mut config = subscription.settings().config.clone();
            topic::DELETED.clone_into(&mut config.topic);
            Some((subscription, Settings::new(config).ok()?))
        };
        subscriptions
            .unwrap_or_default()
            .into_iter()
            .filter_map(orphaned)
            .collect()
    }

    pub(in crate::pubsub) fn list_topics(&self, prefix: &str) -> Vec<Topic> {
        let registry = self.registry();
        let topics = registry.topics.values().map(|entry| &entry.topic);
        topics
            .filter(|topic| topic.name.starts_with(prefix))
            .cloned()
            .collect()
    }

    pub(in crate::pubsub) fn list_subscriptions(&self, prefix: &str) -> Vec<SubscriptionConfig> {
        let registry = self.registry();
        let subscriptions = registry.subscriptions.values();
        let configs = subscriptions.map(|subscription| subscription.settings().config.clone());
        configs
            .filter(|config| config.name.starts_with(prefix))
            .collect()
    }

    pub(in crate::pubsub) fn list_topic_subscriptions(
        &self,
        topic: &str,
    ) -> Result<Vec<String>, ApiError> {
        let registry = self.registry();
        let entry = registry.topics.get(topic).ok_or_else(|| no_topic(topic))?;
        let names = entry
            .subscriptions
            .iter()
            .map(|s| s.settings().config.name.clone());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    pub(in crate::pubsub) async fn create_subscription(
        self: &Arc<Self>,
        config: SubscriptionConfig,
    ) -> Result<SubscriptionConfig, ApiError> {
        self.topic(&config.topic)?;
        let settings = Settings::new(config)?;
        let (name, config) = (settings.config.name.clone(), row(&settings.config)?);
        let engine = Arc::clone(self);
        self.state
            .store
            .write_then(
                move |db| rows::insert_subscription(db, &name, &config),
                move |id| {
                    let id = id.ok_or_else(|| exists("Subscription", &settings.config.name))?;
                    let (now, gone) = (engine.state.clock.now(), engine.state.stop.child_token());
                    let subscription = Subscription::new(id, Arc::clone(&settings), now, gone);
                    engine
                        .registry_mut()
                        .add_subscription(Arc::clone(&subscription));
                    engine.attend(subscription);
                    Ok(settings.config.clone())
                },
            )
            .await?
    }

    pub(in crate::pubsub) async fn update_subscription(
        &self,
        name: &str,
        update: &Value,
        mask: &str,
    ) -> Result<SubscriptionConfig, ApiError> {
        let subscription = self.subscription(name)?;
        let settings = Settings::new(subscription.settings().config.updated(update, mask)?)?;
        let (id, config) = (subscription.id, row(&settings.config)?);
        self.state
            .store
            .write_then(
                move |db| rows::update_subscription(db, id, &config),
                move |()| {
                    subscription.set_settings(Arc::clone(&settings));
                    settings.config.clone()
                },
            )
            .await
            .map_err(ApiError::from)
    }

    pub(in crate::pubsub) async fn delete_subscription(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<(), ApiError> {
        let (id, name) = (self.subscription(name)?.id, name.to_owned());
        let engine = Arc::clone(self);
        self.state
            .store
            .write_then(
                move |db| rows::delete_subscription(db, id),
                move |()| {
                    if let Some(subscription) = engine.registry_mut().remove_subscription(&name) {
                        subscription.gone.cancel();
                    }
                },
            )
            .await?;
        Ok(())
    }
}

fn row(resource: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(resource)
        .map_err(|error| ApiError::new(Code::Internal, format!("A resource has no JSON: {error}.")))
}

pub(super) fn no_topic(name: &str) -> ApiError {
    ApiError::not_found(format!("Topic not found (resource={name})."))
}

fn exists(kind: &str, name: &str) -> ApiError {
    ApiError::already_exists(format!("{kind} already exists (resource={name})."))
}
