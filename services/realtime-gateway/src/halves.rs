//! A map that forgets: two halves, of which the older is forgotten when the newer is full.
//!
//! Whatever is asked for counts as new, so an entry lives for at least one half's worth of others. Never more than two halves
//! are kept.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// A bounded map.
#[derive(Debug)]
pub(crate) struct Halves<K, V> {
    newer: HashMap<K, V>,
    older: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq, V> Halves<K, V> {
    /// An empty one, of two halves of so many entries.
    pub(crate) fn of(half: usize) -> Self {
        Self {
            newer: HashMap::new(),
            older: HashMap::new(),
            half,
        }
    }

    /// What is known of a key.
    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.newer.contains_key(key)
            && let Some((key, value)) = self.older.remove_entry(key)
        {
            self.insert(key, value);
        }
        self.newer.get_mut(key)
    }

    /// Remembers something.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.newer.len() >= self.half && !self.newer.contains_key(&key) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, value);
    }

    /// Forgets what does not pass.
    pub(crate) fn retain(&mut self, mut passes: impl FnMut(&V) -> bool) {
        self.newer.retain(|_, value| passes(value));
        self.older.retain(|_, value| passes(value));
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
            let mut map = Halves::of(8);
            for key in keys {
                map.insert(key, key);
                prop_assert_eq!(map.get(&key), Some(&mut key.clone()));
                prop_assert!(map.len() <= 16);
            }
        }
    }

    #[test]
    fn what_is_asked_for_stays() {
        let mut map = Halves::of(2);
        map.insert("kept", 0);
        for other in ["a", "b", "c", "d", "e"] {
            assert!(map.get("kept").is_some());
            map.insert(other, 1);
        }
        assert!(map.get("kept").is_some() && map.get("a").is_none());
    }
}
