//! A set that forgets: two halves, of which the older is forgotten when the newer is full.
//!
//! Whatever is asked for counts as new, so an entry lives for at least one half's worth of others. Never more than two halves
//! are kept.

use std::{borrow::Borrow, collections::HashSet, hash::Hash};

/// A bounded set of entries that are found by a part of them.
#[derive(Debug)]
pub(crate) struct Halves<E> {
    newer: HashSet<E>,
    older: HashSet<E>,
    half: usize,
}

impl<E: Hash + Eq> Halves<E> {
    /// An empty one, of two halves of so many entries.
    pub(crate) fn of(half: usize) -> Self {
        Self::with_room(half, 0)
    }

    /// With room for so many from the beginning.
    pub(crate) fn with_room(half: usize, room: usize) -> Self {
        Self {
            newer: HashSet::with_capacity(room.min(half)),
            older: HashSet::new(),
            half,
        }
    }

    /// The entry of a key.
    pub(crate) fn get<K: Hash + Eq + ?Sized>(&mut self, key: &K) -> Option<&E>
    where
        E: Borrow<K>,
    {
        if !self.newer.contains(key)
            && let Some(entry) = self.older.take(key)
        {
            self.insert(entry);
        }
        self.newer.get(key)
    }

    /// Remembers an entry, instead of one with the same key.
    pub(crate) fn insert(&mut self, entry: E) {
        if self.newer.len() >= self.half && !self.newer.contains(&entry) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.replace(entry);
    }

    /// Forgets what does not pass.
    pub(crate) fn retain(&mut self, mut passes: impl FnMut(&E) -> bool) {
        self.newer.retain(&mut passes);
        self.older.retain(passes);
    }

    /// Entries.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.newer.len() + self.older.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_much_there_is_two_halves_are_kept_and_the_latest_among_them(keys in prop::collection::vec(0_u16..500, 0..500)) {
            let mut set = Halves::of(8);
            for key in keys {
                set.insert(key);
                prop_assert_eq!(set.get(&key), Some(&key));
                prop_assert!(set.len() <= 16);
            }
        }
    }

    #[test]
    fn what_is_asked_for_stays() {
        let mut set = Halves::of(2);
        set.insert("kept");
        for other in ["a", "b", "c", "d", "e"] {
            assert!(set.get("kept").is_some());
            set.insert(other);
        }
        assert!(set.get("kept").is_some() && set.get("a").is_none());
    }
}
