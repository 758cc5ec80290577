#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The harness against the servers it hands out.

mod databases;
mod redis_servers;
