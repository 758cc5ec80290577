//! Whose a stream is, in eight bytes.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::LazyLock,
};

/// Different in every process, so that nobody can choose an account that is taken for another.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An account, as far as a gateway has to know: which streams are one's, and whose end. Two that share a hash, once in many
/// lives of a process, share their limits, and are both judged anew when the rights of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Account(u64);

impl Account {
    /// Of what the api calls it.
    pub(crate) fn of(id: &str) -> Self {
        Self(KEYS.hash_one(id))
    }
}
