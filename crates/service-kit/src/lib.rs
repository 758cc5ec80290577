#![doc = include_str!("../README.md")]

pub mod config;
pub mod crypto;
mod failure;
pub mod grpc;
pub mod health;
pub mod lifecycle;
pub mod telemetry;
pub mod trace;

pub use failure::failed_start;
pub use lifecycle::Lifecycle;
pub use telemetry::{Metrics, Telemetry};
