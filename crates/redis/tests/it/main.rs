//! Against a real Redis, a private child on a free port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod audience_counts;
mod bus;
mod cache;
mod outage;
mod presence;
mod rate_limit;
mod support;
