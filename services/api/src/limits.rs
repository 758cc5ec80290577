//! The pipeline's limiter, counted in Redis and in memory when that is away.

use async_trait::async_trait;
use avvivo_http_kit::{Bucket, CounterStore, Quota, RateLimiter, RateVerdict};
use avvivo_redis::{Limit, Redis, Store};

/// Counts every bucket of the service, each under its own name.
pub(crate) struct SharedLimiter(avvivo_redis::RateLimiter);

impl SharedLimiter {
    pub(crate) fn new(redis: Option<Redis>) -> Self {
        Self(avvivo_redis::RateLimiter::new(redis))
    }
}

#[async_trait]
impl RateLimiter for SharedLimiter {
    async fn hit(&self, bucket: Bucket<'_>, quota: Quota) -> RateVerdict {
        let limit = Limit {
            max: quota.max,
            window: quota.window,
        };
        let decision = self.0.hit(bucket.namespace, bucket.key, limit).await;
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
