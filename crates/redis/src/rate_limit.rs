//! So many in a window, counted for all processes together, or for this one when Redis is away.
//!
//! The window is fixed: it begins with the first hit of a key and ends a window's length later, when the count starts
//! over. In Redis one script counts and arms the expiry, so no crash can leave a counter that never ends.

mod memory;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use redis::Script;

use crate::{connection::Redis, keys};
use memory::MemoryWindows;

/// Counts a hit. Answers the count and the milliseconds left.
///
/// A key without an expiry can only come from outside this script (an older version, an operator); it gets one.
static HIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local count = redis.call('INCR', KEYS[1])
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
            redis.call('PEXPIRE', KEYS[1], ARGV[1])
            left = tonumber(ARGV[1])
        end
        return {count, left}
        ",
    )
});

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Hits in a window.
    pub max: u32,
    /// Length of a window.
    pub window: Duration,
}

/// Where a hit was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// For all processes.
    Redis,
    /// For this process.
    Memory,
}

impl Store {
    /// The word in `X-RateLimit-Store`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Memory => "memory",
        }
    }
}

/// The answer to a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the hit is within the limit.
    pub allowed: bool,
    /// Hits left in this window.
    pub remaining: u32,
    /// Time until the window ends.
    pub resets_in: Duration,
    /// Where it was counted.
    pub store: Store,
}

impl Decision {
    fn new(count: u64, resets_in: Duration, limit: Limit, store: Store) -> Self {
        let max = u64::from(limit.max);
        Self {
            allowed: count <= max,
            remaining: u32::try_from(max.saturating_sub(count)).unwrap_or(limit.max),
            resets_in,
            store,
        }
    }

    /// The value of `Retry-After`: whole seconds until the window ends, rounded up, at least 1.
    pub fn retry_after_seconds(&self) -> u64 {
        let whole = self.resets_in.as_secs();
        let rounded_up = if self.resets_in.subsec_nanos() > 0 {
            whole + 1
        } else {
            whole
        };
        rounded_up.max(1)
    }
}

/// Counts hits. Keys of one namespace, such as `rate-limit` or `self-register-ip`, do not meet those of another.
#[derive(Debug)]
pub struct RateLimiter {
    redis: Option<Redis>,
    memory: MemoryWindows,
}

impl RateLimiter {
    /// A limiter over Redis where there is one; its counters are named `<prefix>:<namespace>:<key>`.
    pub fn new(redis: Option<Redis>) -> Self {
        Self {
            redis,
            memory: MemoryWindows::new(),
        }
    }

    /// Counts a hit of `key` in `namespace` and says whether it is within `limit`.
    ///
    /// Never fails: without an answer from Redis the hit is counted in memory. The two counts are not merged, so an
    /// outage gives every key at most one fresh window for each process.
    pub async fn hit(&self, namespace: &'static str, key: &str, limit: Limit) -> Decision {
        if let Some(redis) = &self.redis
            && let Some(decision) = hit_redis(redis, redis.key(namespace, key), limit).await
        {
            return decision;
        }
        let key = keys::key("", namespace, key);
        let (count, resets_in) = self.memory.hit(&key, limit.window, Instant::now());
        Decision::new(count, resets_in, limit, Store::Memory)
    }

    /// Keys whose windows are held in memory now.
    pub fn keys_in_memory(&self) -> u64 {
        self.memory.len()
    }
}

async fn hit_redis(redis: &Redis, key: String, limit: Limit) -> Option<Decision> {
    let window_ms = u64::try_from(limit.window.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let answer: Result<(u64, u64), _> = redis
        .call(|mut connection| async move {
            HIT.key(key)
                .arg(window_ms)
                .invoke_async(&mut connection)
                .await
        })
        .await;
    match answer {
        Ok((count, left_ms)) => {
            let resets_in = Duration::from_millis(left_ms);
            Some(Decision::new(count, resets_in, limit, Store::Redis))
        }
        Err(error) => {
            // The circuit has logged the outage; one line for each request would be a second one.
            tracing::debug!(%error, "rate limit counted in memory");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        max: 2,
        window: Duration::from_secs(10),
    };

    fn decision(count: u64, resets_in_ms: u64) -> Decision {
        Decision::new(
            count,
            Duration::from_millis(resets_in_ms),
            LIMIT,
            Store::Memory,
        )
    }

    #[test]
    fn the_limit_itself_is_allowed_and_remaining_never_goes_below_zero() {
        let answers: Vec<(bool, u32)> = (1..=4)
            .map(|count| decision(count, 1))
            .map(|d| (d.allowed, d.remaining))
            .collect();
        assert_eq!(answers, [(true, 1), (true, 0), (false, 0), (false, 0)]);
    }

    #[test]
    fn retry_after_is_whole_seconds_rounded_up_and_at_least_one() {
        for (left_ms, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (9_999, 10)] {
            assert_eq!(
                decision(3, left_ms).retry_after_seconds(),
                seconds,
                "{left_ms}"
            );
        }
    }
}
