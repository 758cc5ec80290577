//! One issuer's public keys: kept while fresh, outliving an outage, fetched once for however many callers.
//!
//! What to do about a key id is decided by [`State::step`], which is pure. A fetch is a task of the cache's own
//! ([`flight`]): callers wait for it to land, and one that gives up, or hangs up, takes nothing from the others.

mod fetch;
mod flight;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use avvivo_kernel::{Clock, Timestamp};
use chrono::TimeDelta;
use jsonwebtoken::DecodingKey;
use tokio::time::timeout;

use crate::Deny;
use fetch::{Fetched, KeyServer};
use flight::{Boarding, Flight};

pub use fetch::ClientError;

/// A key id nobody published must not turn every request into a fetch, but a rotation has to be noticed soon.
const UNKNOWN_KEY_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// With keys in hand an outage is no hurry.
const RETRY_PAUSE_WARM: TimeDelta = TimeDelta::seconds(10);
/// Without keys nobody can be let in: try again soon, but not with every request.
const RETRY_PAUSE_COLD: TimeDelta = TimeDelta::seconds(1);
/// Keys that their issuer withdrew must not be honoured for ever, however long we cannot reach it.
const STALE_LIMIT: TimeDelta = TimeDelta::hours(24);
/// A caller that has no key can do nothing but wait; this is as long as a person would. No fetch takes longer.
const FETCH_LIMIT: Duration = Duration::from_secs(5);
/// A caller that has a stale key gives its issuer this long before using it.
const WARM_PATIENCE: Duration = Duration::from_secs(1);

/// The public keys that one URL serves. Belongs to the runtime that it is used in.
pub struct KeyCache {
    keys: Arc<Keys>,
    flight: Flight,
}

/// What callers and the fetch share.
struct Keys {
    server: KeyServer,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

/// What keeps a cache from vouching for tokens as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysDown {
    /// There are none that may be used: nobody is let in.
    #[error("the issuer's keys are unavailable")]
    Missing,
    /// Those there are have outlived their time: a key withdrawn since is still believed.
    #[error("the issuer's keys are stale")]
    Stale,
}

impl KeysDown {
    /// A stable word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "token.keys_unavailable",
            Self::Stale => "token.keys_stale",
        }
    }
}

impl KeyCache {
    /// Keys served by `url` as a JWK set. Nothing is fetched until the first token needs it, or [`KeyCache::check`].
    pub fn new(url: impl Into<String>, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        Ok(Self {
            keys: Arc::new(Keys {
                server: KeyServer::new(url.into())?,
                clock,
                state: RwLock::default(),
            }),
            flight: Flight::default(),
        })
    }

    /// Whether there are keys, and fresh ones. Fetches them if not, so that the first caller need not wait for them; a
    /// crowd of checks costs the issuer no more than a crowd of tokens does.
    pub async fn check(&self) -> Result<(), KeysDown> {
        let wanted = || self.keys.read(State::wants_refresh);
        if let Boarding::Begun(landing) | Boarding::UnderWay(landing) = self.board(wanted) {
            landing.wait().await;
        }
        self.keys.read(State::check)
    }

    pub(crate) async fn key(&self, id: &str) -> Result<Arc<DecodingKey>, Deny> {
        let wanted = || matches!(self.keys.step(id), Step::Refresh { .. });
        match self.keys.step(id) {
            Step::Use(key) => return Ok(key),
            Step::Refuse(deny) => return Err(deny),
            Step::Refresh { stale: Some(_) } => {
                // Whoever sets it off gives it a moment; everybody else uses what is there.
                if let Boarding::Begun(landing) = self.board(wanted) {
                    // The outcome is in the state, and if there is none yet the stale key will do.
                    timeout(WARM_PATIENCE, landing.wait()).await.ok();
                }
            }
            Step::Refresh { stale: None } => {
                if let Boarding::Begun(landing) | Boarding::UnderWay(landing) = self.board(wanted) {
                    landing.wait().await;
                }
            }
        }
        self.keys.settle(id)
    }

    /// The fetch under way, or a new one if it is still `wanted` now that none is.
    fn board(&self, wanted: impl FnOnce() -> bool) -> Boarding {
        let keys = Arc::clone(&self.keys);
        self.flight
            .board(wanted, async move { keys.refresh().await })
    }
}

impl Keys {
    fn read<T>(&self, look: impl FnOnce(&State, Timestamp) -> T) -> T {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        look(&state, self.clock.now())
    }

    fn step(&self, id: &str) -> Step {
        self.read(|state, now| state.step(id, now))
    }

    /// The answer once a refresh is behind us, whatever became of it.
    fn settle(&self, id: &str) -> Result<Arc<DecodingKey>, Deny> {
        match self.step(id) {
            Step::Use(key) | Step::Refresh { stale: Some(key) } => Ok(key),
            Step::Refuse(deny) => Err(deny),
            Step::Refresh { stale: None } => Err(Deny::KeysUnavailable),
        }
    }

    async fn refresh(&self) {
        let outcome = timeout(FETCH_LIMIT, self.server.fetch()).await;
        let now = self.clock.now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(Ok(fetched)) => state.succeed(fetched, now),
            Ok(Err(error)) => {
                tracing::warn!(url = self.server.url(), error = %error, "token keys not refreshed");
                state.fail(now);
            }
            Err(_) => {
                tracing::warn!(
                    url = self.server.url(),
                    limit = ?FETCH_LIMIT,
                    "token keys not refreshed in time"
                );
                state.fail(now);
            }
        }
    }
}

/// What to do about a key id.
enum Step {
    Use(Arc<DecodingKey>),
    Refuse(Deny),
    Refresh { stale: Option<Arc<DecodingKey>> },
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// Present while the last attempt is one that failed: not to be repeated before then.
    retry_at: Option<Timestamp>,
    /// When a key id that is not in the set may cause the next fetch.
    unknown_at: Option<Timestamp>,
}

struct Kept {
    keys: HashMap<String, Arc<DecodingKey>>,
    fresh_until: Timestamp,
}

impl State {
    fn resting(&self, now: Timestamp) -> bool {
        self.retry_at.is_some_and(|at| now < at)
    }

    /// The keys, unless they have been stale for too long.
    fn usable(&self, now: Timestamp) -> Option<&Kept> {
        self.kept
            .as_ref()
            .filter(|kept| now < kept.fresh_until + STALE_LIMIT)
    }

    fn check(&self, now: Timestamp) -> Result<(), KeysDown> {
        match self.usable(now) {
            None => Err(KeysDown::Missing),
            Some(kept) if now < kept.fresh_until => Ok(()),
            Some(_) => Err(KeysDown::Stale),
        }
    }

    fn wants_refresh(&self, now: Timestamp) -> bool {
        self.check(now).is_err() && !self.resting(now)
    }

    fn step(&self, id: &str, now: Timestamp) -> Step {
        let resting = self.resting(now);
        let Some(kept) = self.usable(now) else {
            return if resting {
                Step::Refuse(Deny::KeysUnavailable)
            } else {
                Step::Refresh { stale: None }
            };
        };
        let fresh = now < kept.fresh_until;
        let asked_lately = self.unknown_at.is_some_and(|at| now < at);
        match kept.keys.get(id).cloned() {
            Some(key) if fresh || resting => Step::Use(key),
            Some(key) => Step::Refresh { stale: Some(key) },
            // The set may have rotated while we cannot look: that is not the token's fault.
            None if resting || (fresh && asked_lately && self.retry_at.is_some()) => {
                Step::Refuse(Deny::KeysUnavailable)
            }
            None if fresh && asked_lately => Step::Refuse(Deny::UnknownKey),
            None => Step::Refresh { stale: None },
        }
    }

    fn succeed(&mut self, fetched: Fetched, now: Timestamp) {
        let keys = fetched
            .keys
            .into_iter()
            .map(|(id, key)| (id, Arc::new(key)))
            .collect();
        self.kept = Some(Kept {
            keys,
            fresh_until: now + fetched.max_age,
        });
        self.retry_at = None;
        self.unknown_at = Some(now + UNKNOWN_KEY_PAUSE);
    }

    fn fail(&mut self, now: Timestamp) {
        let pause = if self.usable(now).is_some() {
            RETRY_PAUSE_WARM
        } else {
            RETRY_PAUSE_COLD
        };
        self.retry_at = Some(now + pause);
        self.unknown_at = Some(now + UNKNOWN_KEY_PAUSE);
    }
}
