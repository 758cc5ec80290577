//! What every implementation of a port owes its callers, as functions over the port.

pub(crate) mod event_bus;
pub(crate) mod job_queue;
pub(crate) mod object_store;

use uuid::Uuid;

/// A word that no other test and no earlier run has used.
pub(crate) fn fresh(what: &str) -> String {
    format!("{what}-{}", Uuid::new_v4().simple())
}
