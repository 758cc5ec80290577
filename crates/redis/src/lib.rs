#![doc = include_str!("../README.md")]

mod audience_counts;
mod breaker;
mod bus;
mod cache;
mod connection;
mod error;
mod keys;
mod presence;
mod rate_limit;
mod status;

pub use bus::RedisBus;
pub use connection::{Redis, RedisSettings};
pub use error::RedisError;
pub use presence::{GatewayCounts, GatewayTotals};
pub use rate_limit::{Decision, Limit, RateLimiter, Store};
pub use status::{CommandStatus, RedisStatus};
