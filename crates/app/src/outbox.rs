//! The relay: hands over what was committed, and forgets it once that is confirmed.
//!
//! Each process drains right after its own commits, which takes milliseconds. What a process left behind when it died is
//! found by any other's next look; claims run out by themselves.

mod relay;

use std::sync::Arc;

use avvivo_postgres::outbox::Kind;
use tokio::sync::Notify;

pub use relay::{DrainReport, Relay};

/// Wakes a relay. Waking it twice before it looks is the same as once.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Bells>);

/// One for each of the relay's loops: a bell wakes only one that waits for it.
#[derive(Debug, Default)]
struct Bells {
    events: Notify,
    jobs: Notify,
}

impl Nudge {
    /// Says that there is something in the outbox.
    pub fn wake(&self) {
        self.0.events.notify_one();
        self.0.jobs.notify_one();
    }

    async fn woken(&self, kind: Kind) {
        match kind {
            Kind::Events => self.0.events.notified().await,
            Kind::Jobs => self.0.jobs.notified().await,
        }
    }
}
