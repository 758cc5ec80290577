//! What a renderer does to a reel's row. Each step names the lease; a step that finds it lost writes nothing.

pub mod claim_render;
pub mod complete_render;
pub mod fail_render;
pub mod keep_lease;
pub mod list_waiting;
pub mod reserve_outputs;

use avvivo_domain::reels::{Lease, Reel, Source};
use avvivo_kernel::{LeaseToken, ReelId};

/// A reel that a renderer may render now.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The reel as it was when it was claimed.
    pub reel: Reel,
    /// What it is made from.
    pub sources: Vec<Source>,
    /// The right to render it.
    pub lease: Lease,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

impl Assignment {
    /// What every write names.
    pub fn key(&self) -> (ReelId, LeaseToken) {
        (self.reel.id, self.lease.token)
    }
}

/// The lease is somebody else's by now, or the reel is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseLost;
