//! How many threads decoding and encoding may use.

use std::{fmt, num::NonZeroU8};

/// Threads of one decoder and of one encoder.
///
/// Two halve the wait for 2 % more CPU time. More gain little on a clip of seconds and make frames depend on one
/// another less, which costs size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads(NonZeroU8);

impl Threads {
    /// The most that are ever used.
    pub const MOST: u8 = 8;

    /// A number of threads, held between 1 and [`Threads::MOST`].
    pub fn clamped(count: u8) -> Self {
        Self(NonZeroU8::new(count.min(Self::MOST)).unwrap_or(NonZeroU8::MIN))
    }
}

impl Default for Threads {
    fn default() -> Self {
        Self::clamped(2)
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
