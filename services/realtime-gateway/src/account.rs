//! Whose a stream is, in four bytes.

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU32,
    sync::LazyLock,
};

/// Different in every process, so that nobody can choose an account that is taken for another.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An account, as far as a gateway has to know: which streams are one's, and whose end. Two that share a hash, as in one full
/// gateway of twenty two of its accounts do, share their limits, and are both judged anew when the rights of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Account(NonZeroU32);

impl Account {
    /// Of what the api calls it.
    pub(crate) fn of(id: &str) -> Self {
        Self(NonZeroU32::new(narrow(KEYS.hash_one(id))).unwrap_or(NonZeroU32::MIN))
    }
}

/// Half of a hash.
pub(crate) fn narrow(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}
