//! The keys of one issuer: one signs, the ones before it are still published.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;

use super::TokenError;
use super::claims::MAX_LIFETIME;
use super::key::SigningKey;

/// Retired keys that stay published, the newest first kept. Reached only by rotating in a loop;
/// it keeps the published set small.
const MAX_RETIRED: usize = 16;

/// A key set in the order of use.
#[derive(Debug)]
pub(super) struct KeyRing {
    /// Empty until first asked for, in a ring that need not be kept.
    current: OnceLock<Arc<SigningKey>>,
    retired: Vec<Retired>,
}

#[derive(Debug)]
struct Retired {
    key: Arc<SigningKey>,
    until: DateTime<Utc>,
}

/// When a key that stops signing now may stop being published: after its last token has expired,
/// and an hour for clocks that are behind.
pub(super) fn published_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + MAX_LIFETIME + TimeDelta::hours(1)
}

impl KeyRing {
    /// A ring with nothing but its signing key.
    pub(super) fn new(current: Arc<SigningKey>) -> Self {
        Self {
            current: OnceLock::from(current),
            retired: Vec::new(),
        }
    }

    /// A ring that makes its key when it is first needed. Most tests start a server of their own
    /// and few of them look at a token: an RSA key each would be most of what they cost.
    pub(super) fn lazy() -> Self {
        Self {
            current: OnceLock::new(),
            retired: Vec::new(),
        }
    }

    /// Adds a key that was retired before this ring was opened.
    pub(super) fn add_retired(&mut self, key: Arc<SigningKey>, until: DateTime<Utc>) {
        self.retired.push(Retired { key, until });
        self.retired
            .sort_by_key(|retired| std::cmp::Reverse(retired.until));
        self.retired.truncate(MAX_RETIRED);
    }

    /// Makes `next` the signing key.
    pub(super) fn rotate(&mut self, next: Arc<SigningKey>, now: DateTime<Utc>) {
        let former = std::mem::replace(&mut self.current, OnceLock::from(next));
        if let Some(former) = former.into_inner() {
            self.add_retired(former, published_until(now));
        }
    }

    /// The key that signs.
    pub(super) fn current(&self) -> Result<&Arc<SigningKey>, TokenError> {
        if let Some(key) = self.current.get() {
            return Ok(key);
        }
        let key = Arc::new(SigningKey::generate()?);
        Ok(self.current.get_or_init(|| key))
    }

    /// What verifiers may accept at this moment, the signing key first.
    pub(super) fn published(&self, now: DateTime<Utc>) -> Result<JwkSet, TokenError> {
        let retired = self.retired.iter().filter(|retired| retired.until > now);
        let keys = std::iter::once(self.current()?).chain(retired.map(|retired| &retired.key));
        Ok(JwkSet {
            keys: keys.map(|key| key.jwk().clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_stays_published_as_long_as_its_tokens_live() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let keys = [(); 2].map(|()| Arc::new(SigningKey::generate().unwrap()));
        let mut ring = KeyRing::new(Arc::clone(&keys[0]));
        ring.rotate(Arc::clone(&keys[1]), start);
        assert_eq!(ring.current().unwrap().kid(), keys[1].kid());
        let published = |now| ring.published(now).unwrap().keys.len();
        assert_eq!(published(start), 2);
        assert_eq!(published(start + MAX_LIFETIME), 2);
        assert_eq!(published(published_until(start)), 1);
    }
}
