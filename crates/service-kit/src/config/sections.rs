//! Sections that more than one service reads.

mod database;
mod google;
mod redis;
mod runtime;
mod server;
mod telemetry;

pub use database::DatabaseConfig;
pub use google::GoogleConfig;
pub use redis::RedisConfig;
pub use runtime::RuntimeConfig;
pub(super) use runtime::is_production;
pub use server::{HealthcheckToken, ServerConfig, ServerOn};
pub use telemetry::{LogFormat, TelemetryConfig};
