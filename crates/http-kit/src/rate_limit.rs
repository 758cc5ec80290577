//! The global limit: so many requests that are not GET in a window, for each client.
//!
//! Counting is somebody else's business (a shared store with a fallback of its own, which is why [`RateLimiter`] cannot
//! fail). Here is the rule: who is counted, what headers tell, what refusal looks like.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use avvivo_kernel::ErrorKind;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{ClientIp, Problem};

const X_STORE: HeaderName = HeaderName::from_static("x-ratelimit-store");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many times in one window.
    pub max: u32,
    /// How long a window is; it opens with the first hit.
    pub window: Duration,
}

impl Default for Quota {
    /// 80 requests in 10 seconds.
    fn default() -> Self {
        Self {
            max: 80,
            window: Duration::from_secs(10),
        }
    }
}

/// Where a hit was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterStore {
    /// Shared by all instances.
    Redis,
    /// This process alone.
    Memory,
}

/// The outcome of one hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateVerdict {
    /// Whether the hit was within the quota.
    pub allowed: bool,
    /// How many more are.
    pub remaining: u32,
    /// How long until the window closes.
    pub resets_in: Duration,
    /// Where it was counted.
    pub store: CounterStore,
}

/// Whose hits are counted together. A shared store names its counter `<prefix>:<namespace>:<key>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket<'k> {
    /// What is limited, such as `rate-limit` (everything) or `self-register-ip`.
    pub namespace: &'static str,
    /// Who is: an address, or whatever else the limit goes by.
    pub key: &'k str,
}

/// Counts hits. Bounded, quick, and never failing: when its store is away it counts somewhere else.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one hit in `bucket`.
    async fn hit(&self, bucket: Bucket<'_>, quota: Quota) -> RateVerdict;
}

/// A quota and who counts it.
#[derive(Clone)]
pub struct RateLimit {
    limiter: Arc<dyn RateLimiter>,
    quota: Quota,
}

/// What every counted answer tells the client.
#[derive(Debug, Clone, Copy)]
pub struct RateHeaders(RateVerdict);

impl RateLimit {
    /// Enforces `quota` as counted by `limiter`.
    pub fn new(limiter: Arc<dyn RateLimiter>, quota: Quota) -> Self {
        Self { limiter, quota }
    }

    /// Counts a hit in `bucket`, or refuses with 429, `Retry-After` and `refusal` as the sentence for people.
    pub async fn enforce(&self, bucket: Bucket<'_>, refusal: &str) -> Result<RateHeaders, Problem> {
        let verdict = self.limiter.hit(bucket, self.quota).await;
        if verdict.allowed {
            return Ok(RateHeaders(verdict));
        }
        let problem = Problem::new(ErrorKind::LimitReached, "rate_limit.exceeded", refusal)
            .retry_after(verdict.resets_in);
        Err(RateHeaders(verdict)
            .pairs()
            .into_iter()
            .fold(problem, |p, (name, value)| p.header(name, value)))
    }

    /// The pipeline's step: everything but GET and OPTIONS is counted, HEAD included.
    pub(crate) async fn count(
        &self,
        method: &Method,
        client: ClientIp,
    ) -> Result<Option<RateHeaders>, Problem> {
        if method == Method::GET || method == Method::OPTIONS {
            return Ok(None);
        }
        let refusal = "Demasiadas solicitudes. Intentá de nuevo en unos segundos.";
        let bucket = Bucket {
            namespace: "rate-limit",
            key: &client.network().to_string(),
        };
        self.enforce(bucket, refusal).await.map(Some)
    }
}

impl RateHeaders {
    /// Adds the headers to an answer. What a narrower limit that refused it has told already stays, and is told once.
    pub fn apply(self, headers: &mut HeaderMap) {
        for (name, value) in self.pairs() {
            headers.entry(name).or_insert(value);
        }
    }

    fn pairs(self) -> [(HeaderName, HeaderValue); 2] {
        let store = match self.0.store {
            CounterStore::Redis => "redis",
            CounterStore::Memory => "memory",
        };
        [
            (X_STORE, HeaderValue::from_static(store)),
            (X_REMAINING, HeaderValue::from(self.0.remaining)),
        ]
    }
}
