#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! Real servers: start, stop, crash, start again.

mod crash;
mod groups;
mod lifecycle;
