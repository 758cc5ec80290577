#![doc = include_str!("../README.md")]
#![expect(
    clippy::panic,
    reason = "a test harness reports by failing the test that called it"
)]

mod cache;
mod database;
mod ids;
mod server;
mod time;
mod waiting;

pub use avvivo_local_servers::free_port;
pub use cache::{PrivateRedis, TestRedis};
pub use database::{TestDb, migrations};
pub use ids::SequentialIds;
pub use time::ManualClock;
pub use waiting::{Seen, wait_for};
