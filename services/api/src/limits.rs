//! The pipeline's limiter, counted in Redis and in memory when that is away.

use async_trait::async_trait;
use avvivo_http_kit::{CounterStore, Quota, RateLimiter, RateVerdict};
use avvivo_redis::{Limit, Redis, Store};

/// Counts under the names that the pipeline gives.
pub(crate) struct SharedLimiter(avvivo_redis::RateLimiter);

impl SharedLimiter {
    pub(crate) fn new(redis: Option<Redis>) -> Self {
        Self(avvivo_redis::RateLimiter::new(redis, "rate-limit"))
    }
}

#[async_trait]
impl RateLimiter for SharedLimiter {
    async fn hit(&self, bucket: &str, quota: Quota) -> RateVerdict {
        // The bucket begins with the namespace that the limiter adds itself.
        let key = bucket.strip_prefix("rate-limit:").unwrap_or(bucket);
        let decision = self
            .0
            .hit(
                key,
                Limit {
                    max: quota.max,
                    window: quota.window,
                },
            )
            .await;
        RateVerdict {
            allowed: decision.allowed,
            remaining: decision.remaining,
            resets_in: decision.resets_in,
            store: match decision.store {
                Store::Redis => CounterStore::Redis,
                Store::Memory => CounterStore::Memory,
            },
        }
    }
}
