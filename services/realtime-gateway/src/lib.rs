#![doc = include_str!("../README.md")]

mod api;
mod bus;
pub mod config;
mod connection;
mod ending;
mod frame;
mod gateway;
pub mod hub;
mod instruments;
mod places;
mod presence;
mod sequences;
mod stream;

pub use bus::Hearing;
pub use config::Config;
pub use gateway::{Gateway, StartError};
