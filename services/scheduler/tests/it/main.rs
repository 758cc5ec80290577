//! The scheduler as its callers and its platform see it: real PostgreSQL and gcp-local, tokens that are really verified, and
//! the real program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod callers;
mod leases;
mod mails;
mod outages;
mod process;
mod program;
mod timetable;
mod world;
