//! The last number heard of each audience that nobody reads here.
//!
//! An event may pass between the moment the api tells an audience's head and the moment its reader is seated. Whoever is
//! seated learns from here that it did, and fetches it. How many audiences are remembered is bounded: two halves, of which
//! the older is forgotten when the newer is full, so an audience lives for at least one half's worth of others.

use std::collections::HashMap;

/// Audiences in one half. An entry takes about 100 bytes, so both halves together stay below 10 MiB; the platform has
/// fewer shops than this by two orders of magnitude.
const HALF: usize = 50_000;

/// The last number heard of each audience.
#[derive(Debug)]
pub(crate) struct Heard {
    newer: HashMap<String, u64>,
    older: HashMap<String, u64>,
    half: usize,
}

impl Default for Heard {
    fn default() -> Self {
        Self::remembering(HALF)
    }
}

impl Heard {
    fn remembering(half: usize) -> Self {
        Self {
            newer: HashMap::new(),
            older: HashMap::new(),
            half,
        }
    }

    /// Takes note of a number. False when it, or a later one, was heard before.
    pub(crate) fn note(&mut self, audience: &str, sequence: u64) -> bool {
        match self.known(audience) {
            Some(last) if sequence <= *last => false,
            Some(last) => {
                *last = sequence;
                true
            }
            None => {
                self.newer.insert(audience.to_owned(), sequence);
                true
            }
        }
    }

    /// The last number heard.
    pub(crate) fn last(&mut self, audience: &str) -> Option<u64> {
        self.known(audience).copied()
    }

    /// The number of a known audience, which counts as recently used from now on.
    fn known(&mut self, audience: &str) -> Option<&mut u64> {
        if self.newer.len() >= self.half && !self.newer.contains_key(audience) {
            self.older = std::mem::take(&mut self.newer);
        }
        if let Some((name, last)) = self.older.remove_entry(audience) {
            self.newer.insert(name, last);
        }
        self.newer.get_mut(audience)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_later_numbers_are_news() {
        let mut heard = Heard::default();
        assert!(heard.note("shop:a", 7));
        assert!(!heard.note("shop:a", 7));
        assert!(!heard.note("shop:a", 3));
        assert!(heard.note("shop:a", 11));
        assert_eq!(heard.last("shop:a"), Some(11));
        assert_eq!(heard.last("shop:b"), None);
    }

    proptest! {
        #[test]
        fn however_many_audiences_there_are_two_halves_are_kept(audiences in prop::collection::vec(0_u16..500, 0..500)) {
            let mut heard = Heard::remembering(8);
            for audience in audiences {
                heard.note(&audience.to_string(), 1);
                prop_assert_eq!(heard.last(&audience.to_string()), Some(1));
                prop_assert!(heard.newer.len() <= 8 && heard.older.len() <= 8);
            }
        }
    }
}
