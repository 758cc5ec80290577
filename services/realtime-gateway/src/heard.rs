//! The last number heard of each audience that nobody reads here.
//!
//! An event may pass between the moment the api tells an audience's head and the moment its reader is seated. Whoever is
//! seated learns from here that it did, and fetches it.

use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
};

use avvivo_contracts::audience::Audience;

use crate::halves::Halves;

/// Audiences in one half. An entry takes 32 bytes, so both halves together stay below 10 MiB; the platform has fewer shops
/// than this by two orders of magnitude.
const HALF: usize = 50_000;

/// The last number heard of each audience.
#[derive(Debug)]
pub(crate) struct Heard(Halves<Last>);

#[derive(Debug)]
struct Last {
    audience: Audience,
    number: u64,
}

impl Borrow<Audience> for Last {
    fn borrow(&self) -> &Audience {
        &self.audience
    }
}

impl PartialEq for Last {
    fn eq(&self, other: &Self) -> bool {
        self.audience == other.audience
    }
}

impl Eq for Last {}

impl Hash for Last {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.audience.hash(state);
    }
}

impl Default for Heard {
    fn default() -> Self {
        Self(Halves::of(HALF))
    }
}

impl Heard {
    /// Takes note of a number. False when it, or a later one, was heard before.
    pub(crate) fn note(&mut self, audience: Audience, number: u64) -> bool {
        if self.last(audience).is_some_and(|last| number <= last) {
            return false;
        }
        self.0.insert(Last { audience, number });
        true
    }

    /// The last number heard.
    pub(crate) fn last(&mut self, audience: Audience) -> Option<u64> {
        self.0.get(&audience).map(|last| last.number)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_later_numbers_are_news() {
        let mut heard = Heard::default();
        let [one, other] = [1, 2].map(|id| Audience::Shop(Uuid::from_u128(id).into()));
        assert!(heard.note(one, 7));
        assert!(!heard.note(one, 7));
        assert!(!heard.note(one, 3));
        assert!(heard.note(one, 11));
        assert_eq!(heard.last(one), Some(11));
        assert_eq!(heard.last(other), None);
    }
}
