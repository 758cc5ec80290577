#![doc = include_str!("../README.md")]

mod error;
mod folder;
mod guarded;
mod log;
mod port;
mod postgres;
mod private_process;
mod programs;
mod redis;
mod run_as;
mod secret;

pub use error::ServerError;
pub use folder::DataFolder;
pub use port::{PortClaim, free_port};
pub use postgres::{Durability, Postgres};
pub use private_process::PrivateProcess;
pub use programs::{MissingPackages, Program, require};
pub use redis::Redis;
