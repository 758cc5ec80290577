//! The processor as its callers see it: real PostgreSQL, real ffmpeg, and gcp-local for files and tokens.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bounds;
mod contested;
mod faults;
mod house;
mod process;
mod published;
mod running;
mod samples;
mod signals;
mod stores;
mod tasks;
