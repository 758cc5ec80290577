//! What the api has granted lately, so that whoever comes back need not be asked about again.
//!
//! A grant is kept under a hash of the token and of what was asked for; tokens themselves are not kept. It is good until the
//! token ends, and forgotten when the account's rights change. Tickets are used up by asking, so theirs are never kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avvivo_kernel::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::{
    api::{Credentials, Grant, Wanted},
    halves::Halves,
    session::Revoked,
};

/// Grants in one half: twice what an instance carries. One takes about 200 bytes; the names in it are mostly those of topics.
const HALF: usize = 20_000;

/// Names a grant: half of a hash, which nobody can aim at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 16]);

impl Key {
    /// Of what is asked; none for what is good only once.
    pub(crate) fn of(credentials: &Credentials, wanted: &Wanted<'_>) -> Option<Self> {
        let Credentials::Bearer(token) = credentials else {
            return None;
        };
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        };
        add(token.expose_secret());
        match wanted {
            Wanted::OwnChannel { shop } => {
                add("own channel");
                add(shop.unwrap_or_default());
            }
            Wanted::Topics(topics) => {
                add("topics");
                for topic in topics {
                    add(topic);
                }
            }
        }
        hash.finalize().first_chunk().copied().map(Self)
    }
}

/// Grants that are good.
#[derive(Debug)]
pub(crate) struct Grants {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kept: Halves<Key, Arc<Grant>>,
    /// Counts revocations: an answer that was asked for before one may be older than it.
    revocations: u64,
}

/// A moment between two changes of anybody's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since(u64);

/// A grant, and since when it was known to be good.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    pub(crate) grant: Arc<Grant>,
    pub(crate) since: Since,
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                kept: Halves::of(HALF),
                revocations: 0,
            }),
        }
    }
}

impl Grants {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was granted, if that is still good.
    pub(crate) fn get(&self, key: Key, now: Timestamp) -> Option<Arc<Grant>> {
        let mut state = self.lock();
        let grant = state.kept.get(&key)?;
        (grant.expires_at > now).then(|| Arc::clone(grant))
    }

    /// This moment. Taken before anything is looked up or asked.
    pub(crate) fn now(&self) -> Since {
        Since(self.lock().revocations)
    }

    /// Keeps an answer, unless somebody's rights have changed since it was asked for.
    pub(crate) fn keep(&self, key: Key, grant: &Arc<Grant>, since: Since) {
        let mut state = self.lock();
        if state.revocations == since.0 {
            state.kept.insert(key, Arc::clone(grant));
        }
    }

    /// Forgets what may no longer be true. Done before the streams that are open are told: whoever opens one later finds out
    /// from the moment of its right that it may have been overtaken.
    pub(crate) fn revoke(&self, revoked: Revoked) {
        let mut state = self.lock();
        state.revocations += 1;
        state.kept.retain(|grant| !revoked.concerns(grant.account));
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::account::Account;

    fn grant(account: &str) -> Arc<Grant> {
        Arc::new(Grant {
            account: Account::of(account),
            channel: "client:a".into(),
            audiences: Box::default(),
            expires_at: Timestamp::UNIX_EPOCH + TimeDelta::seconds(10),
        })
    }

    fn key(token: &str, topics: &[&str]) -> Key {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Key::of(&Credentials::Bearer(token.into()), &Wanted::Topics(topics)).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_grant_is_for_one_token_and_what_it_asked_for() {
        let grants = Grants::default();
        grants.keep(key("t", &["a", "b"]), &grant("ana"), grants.now());
        assert!(grants.get(key("t", &["a", "b"]), at(9)).is_some());
        assert!(
            grants.get(key("t", &["a", "b"]), at(10)).is_none(),
            "the token has ended"
        );
        for other in [key("u", &["a", "b"]), key("t", &["a"]), key("t", &["ab"])] {
            assert!(grants.get(other, at(0)).is_none());
        }
        let ticket = Credentials::Ticket("t".into());
        assert!(Key::of(&ticket, &Wanted::Topics(Vec::new())).is_none());
    }

    #[test]
    fn a_change_of_rights_is_stronger_than_an_answer_from_before() {
        let grants = Grants::default();
        let (ana, bea) = (key("ana", &[]), key("bea", &[]));
        grants.keep(ana, &grant("ana"), grants.now());
        grants.keep(bea, &grant("bea"), grants.now());
        let before = grants.now();
        grants.revoke(Revoked::Account(Account::of("ana")));
        assert!(grants.get(ana, at(0)).is_none() && grants.get(bea, at(0)).is_some());
        grants.keep(ana, &grant("ana"), before);
        assert!(grants.get(ana, at(0)).is_none() && grants.now() != before);
        grants.revoke(Revoked::All);
        assert!(grants.get(bea, at(0)).is_none());
    }
}
