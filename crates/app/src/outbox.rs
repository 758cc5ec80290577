//! The relay: hands over what was committed, and forgets it once that is confirmed.
//!
//! What it hands over comes from two places. Events that this process committed come from its memory, written as claimed
//! before ([`Nudge`]): a commit is on the bus a millisecond later, and costs the database no look. Everything else comes
//! from the table: jobs, events that found no room in memory or were refused by the bus for now, and what a process left
//! behind when it died, which any other finds once the claim has run out.

mod nudge;
mod relay;

use std::time::Duration;

use avvivo_kernel::{ErrorKind, Fault};

pub use nudge::Nudge;
pub use relay::{DrainReport, Errands, Relay};

/// Why a row was not taken.
pub(crate) struct NotTaken {
    /// Whether the same row may be taken later.
    again: bool,
    reason: String,
    /// Not sooner than this.
    wait: Option<Duration>,
}

impl NotTaken {
    /// It will never be.
    pub(crate) fn never(reason: impl Into<String>) -> Self {
        Self {
            again: false,
            reason: reason.into(),
            wait: None,
        }
    }

    /// It may be, later.
    pub(crate) fn later(reason: impl Into<String>) -> Self {
        Self {
            again: true,
            ..Self::never(reason)
        }
    }

    /// Where whoever did not take it said how long to wait.
    pub(crate) fn not_before(self, wait: Option<Duration>) -> Self {
        Self { wait, ..self }
    }
}

impl<F: Fault> From<F> for NotTaken {
    fn from(fault: F) -> Self {
        let again = fault.kind().is_transient() && fault.kind() != ErrorKind::Internal;
        Self {
            again,
            ..Self::never(fault.to_string())
        }
    }
}

/// What became of an errand.
pub(crate) enum Ran {
    /// There is nothing left to do.
    Done,
    /// Somebody else has it by now: nothing is to be done about its row.
    Lost,
}
