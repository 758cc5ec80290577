#![doc = include_str!("../README.md")]

pub mod config;
pub mod crypto;
pub mod grpc;
pub mod health;
pub mod lifecycle;
pub mod process;
pub mod telemetry;
pub mod trace;

pub use lifecycle::Lifecycle;
pub use process::{ServiceConfig, chain, failed_start};
pub use telemetry::{Metrics, Telemetry};
