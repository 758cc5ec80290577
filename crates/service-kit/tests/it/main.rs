//! The kit as a service sees it: one binary, one module for each of its modules.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod config;
mod grpc;
mod health;
mod http;
mod lifecycle;
mod otlp;
mod support;
mod telemetry;
