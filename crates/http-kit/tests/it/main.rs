#![expect(missing_docs, reason = "tests are named after what they show")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, in helpers too"
)]

mod app;
mod bodies;
mod cache;
mod cors;
mod errors;
mod forms;
mod identity;
mod limits;
mod observed;
mod operations;
mod order;
mod paths;
mod replies;
mod services;
mod socket;
