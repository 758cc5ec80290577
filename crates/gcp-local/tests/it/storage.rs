//! Cloud Storage through `google-cloud-storage`, and through plain HTTP as a browser sees it.
#![expect(
    clippy::large_futures,
    reason = "the official client's futures are large, and a test has few of them"
)]

mod bench;
mod buckets;
mod copying;
mod durability;
mod listing;
mod public;
mod reading;
mod resumable;
mod signed;
mod uploads;
mod versions;
