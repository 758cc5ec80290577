//! What an answer depends on.

use uuid::Uuid;

/// A parameter that was parsed and clamped. There is no variant for text a client can make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Param {
    /// Not given.
    Absent,
    /// Yes or no.
    Flag(bool),
    /// A clamped number.
    Number(u64),
    /// One letter.
    Letter(char),
    /// An id.
    Id(Uuid),
    /// One of a fixed set of words.
    Word(&'static str),
}

/// The name of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    route: &'static str,
    generation: u64,
    params: Vec<Param>,
}

impl Key {
    pub(super) fn new(
        route: &'static str,
        generation: u64,
        params: impl IntoIterator<Item = Param>,
    ) -> Self {
        Self {
            route,
            generation,
            params: params.into_iter().collect(),
        }
    }
}

impl From<bool> for Param {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Param {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Param {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<char> for Param {
    fn from(letter: char) -> Self {
        Self::Letter(letter)
    }
}

impl From<Uuid> for Param {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<&'static str> for Param {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl<P: Into<Self>> From<Option<P>> for Param {
    fn from(given: Option<P>) -> Self {
        given.map_or(Self::Absent, Into::into)
    }
}
