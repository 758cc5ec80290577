//! How far things are, for those who watch.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A count.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicUsize);

impl Count {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn take(&self, some: usize) {
        self.0.fetch_sub(some, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) said: Count,
    /// Being said.
    pub(super) open: Count,
    pub(super) retries: Count,
    pub(super) frames: Count,
    /// Events that the bus said once more.
    pub(super) repeated: Count,
    pub(super) connections: Count,
    pub(super) refusals: Count,
    pub(super) gaps: Count,
    /// Events that gaps named.
    pub(super) missed: Count,
    /// What is broken now.
    pub(super) fault: Mutex<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} said ({} open, {} retries), {} repeated, {} frames, {} connections ({} refused), {} gaps of {} events; {}",
            self.said.get(),
            self.open.get(),
            self.retries.get(),
            self.repeated.get(),
            self.frames.get(),
            self.connections.get(),
            self.refusals.get(),
            self.gaps.get(),
            self.missed.get(),
            self.fault.lock().unwrap(),
        )
    }
}
