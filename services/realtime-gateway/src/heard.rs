//! The last number heard of each audience that nobody reads here.
//!
//! An event may pass between the moment the api tells an audience's head and the moment its reader is seated. Whoever is
//! seated learns from here that it did, and fetches it.

use crate::halves::Halves;

/// Audiences in one half. An entry takes about 100 bytes, so both halves together stay below 10 MiB; the platform has
/// fewer shops than this by two orders of magnitude.
const HALF: usize = 50_000;

/// The last number heard of each audience.
#[derive(Debug)]
pub(crate) struct Heard(Halves<String, u64>);

impl Default for Heard {
    fn default() -> Self {
        Self(Halves::of(HALF))
    }
}

impl Heard {
    /// Takes note of a number. False when it, or a later one, was heard before.
    pub(crate) fn note(&mut self, audience: &str, sequence: u64) -> bool {
        match self.0.get(audience) {
            Some(last) if sequence <= *last => false,
            Some(last) => {
                *last = sequence;
                true
            }
            None => {
                self.0.insert(audience.to_owned(), sequence);
                true
            }
        }
    }

    /// The last number heard.
    pub(crate) fn last(&mut self, audience: &str) -> Option<u64> {
        self.0.get(audience).copied()
    }
}

#[cfg(test)]
mod tests {
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
}
