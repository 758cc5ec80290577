//! What the api has granted lately, so that whoever comes back need not be asked about again.
//!
//! A grant is kept under a hash of the token and of what was asked for; tokens themselves are not kept. It is good until the
//! token ends, and forgotten when the account's rights change. Tickets are used up by asking, so theirs are never kept.

use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use avvivo_contracts::audience::Audience;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use smallvec::SmallVec;

use crate::{
    account::Account,
    api::{Credentials, Wanted},
    halves::Halves,
    pace::Tick,
    session::Revoked,
    topic::TopicRef,
};

/// Grants in one half: twice what an instance carries. One takes 80 bytes, and as many again for a topic that only it keeps.
const HALF: usize = 20_000;

/// Names a right: half of a hash, which nobody can aim at. The last byte would make a grant sixteen bytes larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 15]);

impl Key {
    /// Of what is good only once, and so never looked for.
    pub(crate) const NONE: Self = Self([0; 15]);

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

/// Whose right something is, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Right {
    pub(crate) key: Key,
    pub(crate) account: Account,
    /// As `chat:connected` names it. Administrators have none.
    pub(crate) channel: Option<Audience>,
    /// When the token ends, and with it the right.
    pub(crate) ends_at: Tick,
}

/// What somebody may hear. Every reader has one, and one is kept for each that may come back, so it is one piece of memory.
pub(crate) struct Grant {
    pub(crate) right: Right,
    pub(crate) topics: SmallVec<[TopicRef; 3]>,
}

/// A hold on a grant, without the eight bytes for weak holds, which nobody takes.
pub(crate) type GrantRef = triomphe::Arc<Grant>;

/// Grants that are good.
pub(crate) struct Grants {
    state: Mutex<State>,
}

struct State {
    kept: Halves<Kept>,
    /// Counts revocations: an answer that was asked for before one may be older than it.
    revocations: u64,
}

/// A grant among others, found by its key.
struct Kept(GrantRef);

impl Borrow<Key> for Kept {
    fn borrow(&self) -> &Key {
        &self.0.right.key
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.0.right.key == other.0.right.key
    }
}

impl Eq for Kept {}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.right.key.hash(state);
    }
}

/// A moment between two changes of anybody's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since(u64);

impl Grants {
    /// None yet; with room for those of so many readers.
    pub(crate) fn new(readers: usize) -> Self {
        Self {
            state: Mutex::new(State {
                kept: Halves::with_room(HALF, readers),
                revocations: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was granted, if that is still good.
    pub(crate) fn get(&self, key: Key, now: Tick) -> Option<GrantRef> {
        let mut state = self.lock();
        let Kept(grant) = state.kept.get(&key)?;
        (grant.right.ends_at > now).then(|| GrantRef::clone(grant))
    }

    /// This moment. Taken before anything is looked up or asked.
    pub(crate) fn now(&self) -> Since {
        Since(self.lock().revocations)
    }

    /// Keeps an answer for whoever asks the same again, unless somebody's rights have changed since it was asked for.
    pub(crate) fn keep(&self, grant: &GrantRef, since: Since) {
        let mut state = self.lock();
        if state.revocations == since.0 && grant.right.key != Key::NONE {
            state.kept.insert(Kept(GrantRef::clone(grant)));
        }
    }

    /// Forgets what may no longer be true. Done before the streams that are open are told: whoever opens one later finds out
    /// from the moment of its right that it may have been overtaken.
    pub(crate) fn revoke(&self, revoked: Revoked) {
        let mut state = self.lock();
        state.revocations += 1;
        state
            .kept
            .retain(|Kept(grant)| !revoked.concerns(grant.right.account));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(key: Key, account: &str) -> GrantRef {
        GrantRef::new(Grant {
            right: Right {
                key,
                account: Account::of(account),
                channel: None,
                ends_at: Tick(10),
            },
            topics: SmallVec::new(),
        })
    }

    fn key(token: &str, topics: &[&str]) -> Key {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Key::of(&Credentials::Bearer(token.into()), &Wanted::Topics(topics)).unwrap()
    }

    #[test]
    fn one_takes_eighty_bytes() {
        assert_eq!(size_of::<Grant>() + size_of::<usize>(), 80);
    }

    #[test]
    fn a_grant_is_for_one_token_and_what_it_asked_for() {
        let grants = Grants::new(0);
        grants.keep(&grant(key("t", &["a", "b"]), "ana"), grants.now());
        assert!(grants.get(key("t", &["a", "b"]), Tick(9)).is_some());
        assert!(
            grants.get(key("t", &["a", "b"]), Tick(10)).is_none(),
            "the token has ended"
        );
        for other in [key("u", &["a", "b"]), key("t", &["a"]), key("t", &["ab"])] {
            assert!(grants.get(other, Tick(0)).is_none());
        }
        let ticket = Credentials::Ticket("t".into());
        assert!(Key::of(&ticket, &Wanted::Topics(Vec::new())).is_none());
        grants.keep(&grant(Key::NONE, "ana"), grants.now());
        assert!(grants.get(Key::NONE, Tick(0)).is_none(), "good only once");
    }

    #[test]
    fn a_change_of_rights_is_stronger_than_an_answer_from_before() {
        let grants = Grants::new(0);
        let (ana, bea) = (key("ana", &[]), key("bea", &[]));
        grants.keep(&grant(ana, "ana"), grants.now());
        grants.keep(&grant(bea, "bea"), grants.now());
        let before = grants.now();
        grants.revoke(Revoked::Account(Account::of("ana")));
        assert!(grants.get(ana, Tick(0)).is_none() && grants.get(bea, Tick(0)).is_some());
        grants.keep(&grant(ana, "ana"), before);
        assert!(grants.get(ana, Tick(0)).is_none() && grants.now() != before);
        grants.revoke(Revoked::All);
        assert!(grants.get(bea, Tick(0)).is_none());
    }
}
