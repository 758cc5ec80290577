//! What handlers work with.

use std::{ops::Deref, sync::Arc, time::Duration};

use avvivo_app::Deps;
use avvivo_domain::share::Links;
use avvivo_http_kit::{CacheRule, Forms, RateLimit, RateLimiter, ResponseCache};
use avvivo_redis::{Redis, RedisStatus};
use avvivo_wiring::{Bus, config::BusKind};

use crate::{
    config::{
        AccountMailConfig, Config, RegistrationConfig, ShopsConfig, StatusConfig, TestersConfig,
    },
    freshness::Hearing,
};

/// Changes when a reel enters or leaves the public feed.
pub(crate) const FEED_TAG: &str = "reels";

/// Changes when a shop is made, changed or deleted.
pub(crate) const SHOPS_TAG: &str = "shops";

/// How long lists of shops are kept when no event says that they changed: ratings change without one.
const SHOPS_TTL: Duration = Duration::from_secs(30);

/// Featured shops change with the hour, and the map is large.
const FEATURED_TTL: Duration = Duration::from_mins(1);
const LETTER_TTL: Duration = Duration::from_mins(2);
const MAP_TTL: Duration = Duration::from_mins(2);

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
    pub(crate) shops: ShopsConfig,
    pub(crate) registration: RegistrationLimits,
    pub(crate) account_mail: AccountMailLimits,
    pub(crate) pages: Pages,
    pub(crate) status: Arc<StatusConfig>,
    /// The bus that was asked for, by its name.
    pub(crate) requested_bus: BusKind,
    /// The bus that is there.
    pub(crate) bus: Arc<Bus>,
    pub(crate) hearing: Hearing,
    pub(crate) instance: Arc<str>,
}

/// What files that come through us may measure together: four of the largest, little beside the memory of the smallest
/// instance. Each is there for as long as its picture waits for its turn.
const FORMS_BYTES: usize = 40 << 20;

/// What comes and goes as something else than JSON.
pub(crate) struct Pages {
    /// Of the pages that are shared, and of the app.
    pub(crate) links: Links,
    /// Where the api is, for everybody.
    pub(crate) backend: String,
    pub(crate) testers: TestersConfig,
    /// Reads files that come through us.
    pub(crate) forms: Forms,
}

impl Pages {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            links: Links {
                share: config.addresses.share.clone(),
                app: config.outside.app_url.clone(),
            },
            backend: config.addresses.backend.clone(),
            testers: config.testers.clone(),
            forms: Forms::in_room(FORMS_BYTES),
        }
    }
}

/// How often strangers may register shops and ask about them.
#[derive(Clone)]
pub(crate) struct RegistrationLimits {
    /// None where registering is not limited.
    pub(crate) attempts: Option<AttemptLimits>,
    pub(crate) lookups: RateLimit,
}

/// How often a shop may be registered, or a step of it checked.
#[derive(Clone)]
pub(crate) struct AttemptLimits {
    pub(crate) per_network: RateLimit,
    pub(crate) per_identity: RateLimit,
}

/// How often strangers may have mails sent about accounts.
#[derive(Clone)]
pub(crate) struct AccountMailLimits {
    pub(crate) per_network: RateLimit,
    pub(crate) per_address: RateLimit,
}

impl AccountMailLimits {
    pub(crate) fn new(limiter: &Arc<dyn RateLimiter>, config: AccountMailConfig) -> Self {
        let limit = |quota| RateLimit::new(Arc::clone(limiter), quota);
        Self {
            per_network: limit(config.per_network),
            per_address: limit(config.per_address),
        }
    }
}

impl RegistrationLimits {
    pub(crate) fn new(limiter: &Arc<dyn RateLimiter>, config: &RegistrationConfig) -> Self {
        let limit = |quota| RateLimit::new(Arc::clone(limiter), quota);
        Self {
            attempts: config.limited.then(|| AttemptLimits {
                per_network: limit(config.per_network),
                per_identity: limit(config.per_identity),
            }),
            lookups: limit(config.lookups),
        }
    }
}

/// How each cached list is kept.
pub(crate) struct CacheRules {
    pub(crate) feed: CacheRule,
    pub(crate) showcase: CacheRule,
    pub(crate) shops: CacheRule,
    pub(crate) featured: CacheRule,
    pub(crate) letter: CacheRule,
    pub(crate) map: CacheRule,
    pub(crate) shared_reel: CacheRule,
    pub(crate) shared_stream: CacheRule,
}

impl CacheRules {
    /// None is kept for longer than `max_age`.
    pub(crate) fn new(cache: &ResponseCache, max_age: Duration) -> Self {
        let rule = |route, ttl: Duration, tag| cache.rule(route, ttl.min(max_age), &[tag]);
        Self {
            feed: rule("GET /reels", FEED_TTL, FEED_TAG),
            showcase: rule("GET /reels/showcase", SHOWCASE_TTL, FEED_TAG),
            shops: rule("GET /shops", SHOPS_TTL, SHOPS_TAG),
            featured: rule("GET /shops/featured", FEATURED_TTL, SHOPS_TAG),
            letter: rule("GET /shops/by-letter", LETTER_TTL, SHOPS_TAG),
            map: rule("GET /shops/map-data", MAP_TTL, SHOPS_TAG),
            shared_reel: rule("GET /share/reels/{id}", FEED_TTL, FEED_TAG),
            shared_stream: rule("GET /share/streams/{id}", SHOPS_TTL, SHOPS_TAG),
        }
    }
}
