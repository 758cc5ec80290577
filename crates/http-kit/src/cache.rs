//! Answers that are the same for everybody, kept as the bytes that go out.
//!
//! Everybody is answered from the same entries, signed in or not. Anonymous GETs are also told where theirs came from
//! (`X-Cache`), as they always were.
//!
//! - **Bounded**: by bytes, and by time.
//! - **Normalised keys**: the route's name and parameters that were already clamped ([`Param`] cannot hold free text), so
//!   that nobody can fill the cache with made-up queries.
//! - **Single flight**: however many ask for a key that is not there, it is computed once. One whose time is over is
//!   computed by the first who asks for it, while the others are answered from what there is; and as long as it cannot be
//!   computed, everybody is, until its time is over twice.
//! - **Compressed once**, when it is computed.
//! - **Invalidation by generation**: a rule names tags, and the generations of its tags are part of every key. Moving a
//!   generation on makes all earlier entries unreachable at once, and an answer that was being computed at that moment
//!   is stored under a key that nobody asks for any more.

mod key;
mod meters;

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, request::Parts};
use moka::{Expiry, future::Cache};
use serde::Serialize;

use crate::{CachedBody, Problem, Visitor};
use key::Key;

pub use key::Param;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_CACHE_STORE: HeaderName = HeaderName::from_static("x-cache-store");

/// What an entry costs besides its body: key, validator, the cache's own books.
const ENTRY_OVERHEAD_BYTES: usize = 512;

/// The cache of a service.
pub struct ResponseCache {
    entries: Cache<Key, Entry>,
    /// Whether anything is kept at all.
    keeps: bool,
    generations: RwLock<HashMap<&'static str, Arc<AtomicU64>>>,
    /// How many answers were computed, or tried to be.
    computed: AtomicU64,
}

/// How answers of one route are kept. Made once, at the start, by [`ResponseCache::rule`].
#[derive(Debug, Clone)]
pub struct CacheRule {
    route: &'static str,
    ttl: Duration,
    generations: Vec<Arc<AtomicU64>>,
}

/// Whether an answer tells where it came from: that of an anonymous GET does; those of HEAD and to known callers never did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheNotice {
    /// With `X-Cache` and `X-Cache-Store`.
    Told,
    /// Without a word.
    Silent,
}

/// An answer from the cache, which may say so.
#[derive(Debug, Clone)]
pub struct CacheReply {
    body: CachedBody,
    found: Found,
    notice: CacheNotice,
}

/// Where a cached body came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was there.
    Hit,
    /// It was computed now.
    Miss,
}

#[derive(Clone)]
struct Entry {
    body: CachedBody,
    ttl: Duration,
    made_at: Instant,
    /// Whether somebody computes what takes its place.
    replacing: Arc<AtomicBool>,
}

/// The right to compute what takes an entry's place. Whoever leaves without having done so leaves it to the next.
struct Replacing(Arc<AtomicBool>);

impl Entry {
    /// The right to replace it, if its time is over and nobody does so yet.
    fn replace(&self) -> Option<Replacing> {
        let over = self.made_at.elapsed() >= self.ttl;
        let mine = over && !self.replacing.swap(true, Ordering::AcqRel);
        mine.then(|| Replacing(Arc::clone(&self.replacing)))
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Each entry is good for as long as its rule says, and kept for as long again.
struct RuleTtl;

impl Expiry<Key, Entry> for RuleTtl {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl * 2)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl * 2)
    }
}

impl ResponseCache {
    /// A cache of at most `max_bytes` of bodies. One of none keeps nothing and shares nothing: every answer is computed.
    pub fn new(max_bytes: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|_, entry: &Entry| {
                let bytes = entry.body.weight().saturating_add(ENTRY_OVERHEAD_BYTES);
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .expire_after(RuleTtl)
            .build();
        Self {
            entries,
            keeps: max_bytes > 0,
            generations: RwLock::default(),
            computed: AtomicU64::default(),
        }
    }

    /// How answers of `route` are kept: for `ttl`, or until one of `tags` is invalidated.
    pub fn rule(&self, route: &'static str, ttl: Duration, tags: &[&'static str]) -> CacheRule {
        let mut known = self
            .generations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let generations = tags
            .iter()
            .map(|tag| Arc::clone(known.entry(tag).or_default()))
            .collect();
        CacheRule {
            route,
            ttl,
            generations,
        }
    }

    /// Forgets every answer whose rule names `tag`, including those being computed now.
    pub fn invalidate(&self, tag: &str) {
        let known = self
            .generations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(generation) = known.get(tag) {
            generation.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How many bytes are kept now, give or take what was just added or dropped.
    pub fn bytes(&self) -> u64 {
        self.entries.weighted_size()
    }

    /// Answers a request from the cache, or with what `compute` yields, which is kept for whoever asks next. Errors are not
    /// kept.
    pub async fn respond<T, E, F>(
        &self,
        notice: CacheNotice,
        rule: &CacheRule,
        params: impl IntoIterator<Item = Param>,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheReply, Problem>
    where
        T: Serialize,
        E: Into<Problem>,
        F: Future<Output = Result<T, E>>,
    {
        let (body, found) = self.body(rule, params, compute).await?;
        Ok(CacheReply {
            body,
            found,
            notice,
        })
    }

    /// As [`Self::respond`], for a page: `compute` yields its HTML.
    pub async fn respond_page<E, F>(
        &self,
        notice: CacheNotice,
        rule: &CacheRule,
        params: impl IntoIterator<Item = Param>,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheReply, Problem>
    where
        E: Into<Problem>,
        F: Future<Output = Result<String, E>>,
    {
        let page = || async {
            let page = compute().await.map_err(Into::into)?;
            Ok(CachedBody::from_html(page))
        };
        let (body, found) = self.kept(rule, params, page).await?;
        Ok(CacheReply {
            body,
            found,
            notice,
        })
    }

    /// The body under `rule` and `params`, whoever asks.
    pub async fn body<T, E, F>(
        &self,
        rule: &CacheRule,
        params: impl IntoIterator<Item = Param>,
        compute: impl FnOnce() -> F,
    ) -> Result<(CachedBody, Found), Problem>
    where
        T: Serialize,
        E: Into<Problem>,
        F: Future<Output = Result<T, E>>,
    {
        let json = || async { CachedBody::of(&compute().await.map_err(Into::into)?) };
        self.kept(rule, params, json).await
    }

    async fn kept<F>(
        &self,
        rule: &CacheRule,
        params: impl IntoIterator<Item = Param>,
        compute: impl FnOnce() -> F,
    ) -> Result<(CachedBody, Found), Problem>
    where
        F: Future<Output = Result<CachedBody, Problem>>,
    {
        let key = Key::new(rule.route, rule.generation(), params);
        let known = self.entries.get(&key).await;
        let known = match known.map(|entry| (entry.replace(), entry)) {
            Some((None, entry)) => return Ok((entry.body, Found::Hit)),
            Some((Some(turn), entry)) => Some((turn, entry.body)),
            None => None,
        };
        // Boxed, so that answering from the cache does not carry the room that computing needs.
        let fill = async {
            self.computed.fetch_add(1, Ordering::Relaxed);
            let body = Box::pin(compute()).await?;
            Ok(Entry {
                body: if self.keeps {
                    body.compressed().await
                } else {
                    body
                },
                ttl: rule.ttl,
                made_at: Instant::now(),
                replacing: Arc::default(),
            })
        };
        if let Some((turn, body)) = known {
            return Ok(self.replace(key, turn, body, fill).await);
        }
        if !self.keeps {
            return Ok((fill.await?.body, Found::Miss));
        }
        let found = self.entries.entry(key).or_try_insert_with(fill).await;
        let entry = found.map_err(|problem: Arc<Problem>| Problem::clone(&problem))?;
        let origin = if entry.is_fresh() {
            Found::Miss
        } else {
            Found::Hit
        };
        Ok((entry.into_value().body, origin))
    }

    /// Puts a new entry in the place of one whose time is over; when there is none to be had, that one has to do.
    async fn replace(
        &self,
        key: Key,
        turn: Replacing,
        old: CachedBody,
        fill: impl Future<Output = Result<Entry, Problem>>,
    ) -> (CachedBody, Found) {
        let found = match fill.await {
            Ok(entry) => {
                let body = entry.body.clone();
                self.entries.insert(key, entry).await;
                (body, Found::Miss)
            }
            Err(problem) => {
                tracing::warn!(code = problem.code(), "answered from what was kept");
                (old, Found::Hit)
            }
        };
        drop(turn);
        found
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache")
            .field("bytes", &self.entries.weighted_size())
            .finish_non_exhaustive()
    }
}

impl CacheRule {
    /// Generations only grow, so their sum names one state of all tags and never comes back.
    fn generation(&self) -> u64 {
        self.generations
            .iter()
            .map(|generation| generation.load(Ordering::SeqCst))
            .sum()
    }
}

impl IntoResponse for CacheReply {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        if self.notice == CacheNotice::Silent {
            return response;
        }
        let told = match self.found {
            Found::Hit => ("HIT", "memory"),
            Found::Miss => ("MISS", "none"),
        };
        response
            .headers_mut()
            .insert(X_CACHE, HeaderValue::from_static(told.0));
        response
            .headers_mut()
            .insert(X_CACHE_STORE, HeaderValue::from_static(told.1));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for CacheNotice {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Visitor>() == Some(&Visitor::Known);
        let told = parts.method == Method::GET && !known;
        Ok(if told { Self::Told } else { Self::Silent })
    }
}
