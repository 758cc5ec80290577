//! The event bus that was asked for.

use async_trait::async_trait;
use avvivo_gcp::PubSubBus;
use avvivo_ports::{BusError, EventBus, EventStream, OutboundEvent, Subscribe};
use avvivo_redis::{RedisBus, RedisSettings};
use avvivo_service_kit::config::RedisConfig;

use crate::{
    config::{BusConfig, BusKind},
    google::{Google, WiringError},
};

/// How Redis is reached, where there is one.
pub fn redis_settings(config: &RedisConfig) -> Option<RedisSettings> {
    Some(RedisSettings {
        url: config.url.clone()?,
        key_prefix: config.key_prefix.clone(),
        tls: config.tls,
    })
}

/// The event bus of this process, whichever it is.
pub enum Bus {
    /// Over Pub/Sub.
    PubSub(PubSubBus),
    /// Over Redis.
    Redis(RedisBus),
}

impl Bus {
    /// Makes the bus that `config` asks for. Nothing is contacted yet. `listener` begins the names of subscriptions, so that
    /// one sees whose they are.
    pub async fn connect(
        config: &BusConfig,
        google: &Google,
        listener: &str,
    ) -> Result<Self, WiringError> {
        if config.requested.effective() != BusKind::Redis {
            return Ok(Self::PubSub(google.event_bus(listener).await?));
        }
        let settings = redis_settings(&config.redis).ok_or(WiringError::BusWithoutRedis)?;
        Ok(Self::Redis(RedisBus::new(&settings, &config.channel)?))
    }

    /// What carries the events.
    pub fn kind(&self) -> BusKind {
        match self {
            Self::PubSub(_) => BusKind::PubSub,
            Self::Redis(_) => BusKind::Redis,
        }
    }

    /// The pattern of the channels on Redis, where it is Redis.
    pub fn redis_channels(&self) -> Option<String> {
        match self {
            Self::PubSub(_) => None,
            Self::Redis(bus) => Some(bus.pattern()),
        }
    }

    /// Creates what deployments create in production. Safe to repeat.
    pub async fn prepare(&self) -> Result<(), BusError> {
        match self {
            Self::PubSub(bus) => bus.ensure_topic().await,
            Self::Redis(_) => Ok(()),
        }
    }

    /// Ends all subscriptions, and leaves nothing of them behind.
    pub async fn close(&self) {
        match self {
            Self::PubSub(bus) => bus.close().await,
            Self::Redis(bus) => bus.close().await,
        }
    }
}

#[async_trait]
impl EventBus for Bus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        match self {
            Self::PubSub(bus) => bus.publish(events).await,
            Self::Redis(bus) => bus.publish(events).await,
        }
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        match self {
            Self::PubSub(bus) => bus.subscribe(subscribe).await,
            Self::Redis(bus) => bus.subscribe(subscribe).await,
        }
    }
}
