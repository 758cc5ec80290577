//! What every adapter owes its callers, as functions that an adapter's tests run against its real server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests report by panicking, and draw ids where they are"
)]

pub mod event_bus;
pub mod identity_admin;
pub mod mailer;

use uuid::Uuid;

/// A word that no other test and no earlier run has used.
pub fn fresh(what: &str) -> String {
    format!("{what}-{}", Uuid::new_v4().simple())
}
