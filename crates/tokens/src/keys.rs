//! One issuer's public keys: kept while fresh, outliving an outage, fetched by one caller at a time.
//!
//! What to do about a key id is decided by [`State::step`], which is pure. Around it there are two locks: `state` is
//! held for a lookup and never across an await; `flight` is held by the one caller that fetches.

mod fetch;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use avvivo_kernel::{Clock, Timestamp};
use chrono::TimeDelta;
use jsonwebtoken::DecodingKey;
use tokio::{sync::Mutex, time::timeout};

use crate::Deny;
use fetch::{Fetched, KeyServer};

pub use fetch::ClientError;

/// A key id nobody published must not turn every request into a fetch, but a rotation has to be noticed soon.
const UNKNOWN_KEY_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// With keys in hand an outage is no hurry.
const RETRY_PAUSE_WARM: TimeDelta = TimeDelta::seconds(10);
/// Without keys nobody can be let in: try again soon, but not with every request.
const RETRY_PAUSE_COLD: TimeDelta = TimeDelta::seconds(1);
/// Keys that their issuer withdrew must not be honoured for ever, however long we cannot reach it.
const STALE_LIMIT: TimeDelta = TimeDelta::hours(24);
/// A caller that has no key can do nothing but wait; this is as long as a person would.
const COLD_PATIENCE: Duration = Duration::from_secs(5);
/// A caller that has a stale key gives its issuer this long before using it.
const WARM_PATIENCE: Duration = Duration::from_secs(1);

/// The public keys that one URL serves.
pub struct KeyCache {
    server: KeyServer,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    flight: Mutex<()>,
}

impl KeyCache {
    /// Keys served by `url` as a JWK set. Nothing is fetched until the first token needs it, or [`KeyCache::warm`].
    pub fn new(url: impl Into<String>, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        Ok(Self {
            server: KeyServer::new(url.into())?,
            clock,
            state: RwLock::default(),
            flight: Mutex::default(),
        })
    }

    /// Fetches the keys unless there are some, so that the first caller need not wait for them.
    pub async fn warm(&self) -> Result<(), Deny> {
        match self.key("").await {
            // The empty key id is asked for only to make the cache look; no set contains it.
            Ok(_) | Err(Deny::UnknownKey) => Ok(()),
            Err(deny) => Err(deny),
        }
    }

    pub(crate) async fn key(&self, id: &str) -> Result<Arc<DecodingKey>, Deny> {
        match self.step(id) {
            Step::Use(key) => Ok(key),
            Step::Refuse(deny) => Err(deny),
            Step::Refresh { stale: Some(key) } => {
                let Ok(_flight) = self.flight.try_lock() else {
                    return Ok(key);
                };
                self.refresh(WARM_PATIENCE).await;
                self.settle(id)
            }
            Step::Refresh { stale: None } => {
                let _flight = self.flight.lock().await;
                // Whoever held the lock before us may have brought what we need, or learned that it cannot be had.
                if let Step::Refresh { .. } = self.step(id) {
                    self.refresh(COLD_PATIENCE).await;
                }
                self.settle(id)
            }
        }
    }

    fn step(&self, id: &str) -> Step {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.step(id, self.clock.now())
    }

    /// The answer once a refresh is behind us, whatever became of it.
    fn settle(&self, id: &str) -> Result<Arc<DecodingKey>, Deny> {
        match self.step(id) {
            Step::Use(key) | Step::Refresh { stale: Some(key) } => Ok(key),
            Step::Refuse(deny) => Err(deny),
            Step::Refresh { stale: None } => Err(Deny::KeysUnavailable),
        }
    }

    /// Called with `flight` held. A caller that goes away in the middle leaves the state as it was: the next one fetches.
    async fn refresh(&self, patience: Duration) {
        let outcome = timeout(patience, self.server.fetch()).await;
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
                    ?patience,
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
    fn step(&self, id: &str, now: Timestamp) -> Step {
        let resting = self.retry_at.is_some_and(|at| now < at);
        let Some(kept) = self
            .kept
            .as_ref()
            .filter(|kept| now < kept.fresh_until + STALE_LIMIT)
        else {
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
        let pause = if self.kept.is_some() {
            RETRY_PAUSE_WARM
        } else {
            RETRY_PAUSE_COLD
        };
        self.retry_at = Some(now + pause);
        self.unknown_at = Some(now + UNKNOWN_KEY_PAUSE);
    }
}
