//! Recognises events that come again, and notices those that never came.
//!
//! The bus delivers at least once, and in order within an audience; every event carries its number there, without gaps.
//! So one number an audience is enough memory. How many audiences are remembered is bounded: two halves, of which the
//! older is forgotten when the newer is full, so an audience lives for at least one half's worth of others.

use std::collections::HashMap;

/// Audiences in one half. An entry takes about 100 bytes, so both halves together stay below 10 MiB; the platform has
/// fewer shops than this by two orders of magnitude.
const HALF: usize = 50_000;

/// How an event stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It follows the last one, or is the first we know of.
    InOrder,
    /// It is new, but something before it is missing.
    AfterGap,
    /// It was here before.
    Repeated,
}

/// The last number seen of each audience.
#[derive(Debug)]
pub(crate) struct Sequences {
    newer: HashMap<String, u64>,
    older: HashMap<String, u64>,
    half: usize,
}

impl Default for Sequences {
    fn default() -> Self {
        Self::remembering(HALF)
    }
}

impl Sequences {
    fn remembering(half: usize) -> Self {
        Self {
            newer: HashMap::new(),
            older: HashMap::new(),
            half,
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, audience: &str, sequence: u64) -> Arrival {
        let Some(last) = self.last(audience) else {
            self.newer.insert(audience.to_owned(), sequence);
            return Arrival::InOrder;
        };
        if sequence <= *last {
            return Arrival::Repeated;
        }
        let follows = sequence - *last == 1;
        *last = sequence;
        if follows {
            Arrival::InOrder
        } else {
            Arrival::AfterGap
        }
    }

    /// The number of a known audience, which counts as recently used from now on.
    fn last(&mut self, audience: &str) -> Option<&mut u64> {
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
    fn repeats_gaps_and_followers_are_told_apart() {
        let mut sequences = Sequences::default();
        let mut note = |sequence| sequences.note("shop:a", sequence);
        assert_eq!(note(7), Arrival::InOrder, "the first we hear of");
        assert_eq!(note(8), Arrival::InOrder);
        assert_eq!(note(8), Arrival::Repeated);
        assert_eq!(note(3), Arrival::Repeated);
        assert_eq!(note(11), Arrival::AfterGap);
        assert_eq!(note(12), Arrival::InOrder);
    }

    proptest! {
        #[test]
        fn no_number_passes_twice_and_memory_is_bounded(events in prop::collection::vec((0_u8..12, 1_u64..30), 0..400)) {
            // Room for all twelve audiences in one half: nothing that matters is forgotten.
            let mut sequences = Sequences::remembering(12);
            let mut passed: HashMap<u8, u64> = HashMap::new();
            for (audience, sequence) in events {
                let fresh = sequences.note(&audience.to_string(), sequence) != Arrival::Repeated;
                let last = passed.entry(audience).or_default();
                prop_assert_eq!(fresh, sequence > *last);
                *last = sequence.max(*last);
            }
        }

        #[test]
        fn however_many_audiences_there_are_two_halves_are_kept(audiences in prop::collection::vec(0_u16..500, 0..500)) {
            let mut sequences = Sequences::remembering(8);
            for audience in audiences {
                sequences.note(&audience.to_string(), 1);
                prop_assert!(sequences.newer.len() <= 8 && sequences.older.len() <= 8);
            }
        }
    }
}
