//! The relay: hands over what was committed, and forgets it once that is confirmed.
//!
//! What it hands over comes from two places. Events that this process committed come from its memory, written as claimed
//! before ([`Nudge`]): a commit is on the bus a millisecond later, and costs the database no look. Everything else comes
//! from the table: jobs, events that found no room in memory or were refused by the bus for now, and what a process left
//! behind when it died, which any other finds once the claim has run out.

mod nudge;
mod relay;

pub use nudge::Nudge;
pub use relay::{DrainReport, Relay};
