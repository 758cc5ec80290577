#![doc = include_str!("../README.md")]

mod caller;
pub mod config;
mod dev;
mod freshness;
mod health;
mod limits;
mod realtime;
mod routes;
pub mod server;
mod state;

pub use config::Config;
pub use routes::openapi;
pub use server::{Api, StartError};
