//! The adapters against servers that speak Google's wire.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests report by panicking, and draw ids and read switches where they are"
)]

mod access;
mod clients;
mod cloud_storage;
mod cloud_tasks;
mod contract;
mod dead_servers;
mod google_emulator;
mod local;
mod oidc;
mod pubsub;
mod real_google_cloud;
