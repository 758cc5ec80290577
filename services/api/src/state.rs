//! What handlers work with.

use std::{ops::Deref, sync::Arc, time::Duration};

use avvivo_app::Deps;
use avvivo_http_kit::{CacheRule, RateLimit, ResponseCache};
use avvivo_redis::{Redis, RedisStatus};
use avvivo_wiring::{Bus, config::BusKind};

use crate::{config::StatusConfig, freshness::Hearing};

/// Changes when a reel enters or leaves the public feed.
pub(crate) const FEED_TAG: &str = "reels";

/// How long the feed is kept when no event says that it changed: reels leave it by the mere passing of time.
const FEED_TTL: Duration = Duration::from_secs(20);

/// The showcase changes with the hour; asking this often notices that soon enough.
const SHOWCASE_TTL: Duration = Duration::from_mins(1);

/// What handlers work with. Every request clones it, which is one count.
#[derive(Clone)]
pub(crate) struct ApiState(Arc<Shared>);

impl ApiState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What handlers share.
pub(crate) struct Shared {
    pub(crate) deps: Deps,
    pub(crate) cache: Arc<ResponseCache>,
    pub(crate) rules: Arc<CacheRules>,
    /// How much one account may say.
    pub(crate) chat_limit: RateLimit,
    pub(crate) redis: Option<Redis>,
    /// What is told of Redis where there is none.
    pub(crate) no_redis: RedisStatus,
    pub(crate) status: Arc<StatusConfig>,
    /// The bus that was asked for, by its name.
    pub(crate) requested_bus: BusKind,
    /// The bus that is there.
    pub(crate) bus: Arc<Bus>,
    pub(crate) hearing: Hearing,
    pub(crate) instance: Arc<str>,
}

/// How each cached list is kept.
pub(crate) struct CacheRules {
    pub(crate) feed: CacheRule,
    pub(crate) showcase: CacheRule,
}

impl CacheRules {
    pub(crate) fn new(cache: &ResponseCache) -> Self {
        Self {
            feed: cache.rule("GET /reels", FEED_TTL, &[FEED_TAG]),
            showcase: cache.rule("GET /reels/showcase", SHOWCASE_TTL, &[FEED_TAG]),
        }
    }
}
