//! Drives gcp-local through Google's own clients, over real sockets.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where and why"
)]

mod issuer;
mod pages;
mod people;
mod pubsub;
mod storage;
mod support;
mod tasks;
