//! The gateway over real sockets: the official Pub/Sub client and a local Pub/Sub behind it, a small api beside it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it is"
)]

mod allocator;
mod api;
mod asyncapi;
mod client;
mod drain;
mod events;
mod live;
mod operations;
mod outage;
mod people;
mod refusals;
mod resume;
mod rights;
mod slow_readers;
mod soak;
mod sse;
mod stream;
mod trace;
mod world;
