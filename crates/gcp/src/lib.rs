#![doc = include_str!("../README.md")]

mod access;
mod environment;
mod fault;
mod oidc;
mod pubsub;
mod source;
mod storage;
mod tasks;

pub use access::AccessTokenSource;
pub use environment::{BuildError, Environment, LocalServer};
pub use oidc::{OidcTokenSource, TokenError};
pub use pubsub::{PubSubBus, PubSubConfig};
pub use storage::{CloudStorage, StorageConfig};
pub use tasks::{CloudTasksQueue, Pace, QueueTarget, Retries, TasksConfig};
