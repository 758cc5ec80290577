#![doc = include_str!("../README.md")]

mod api;
mod audience;
mod bus;
pub mod config;
mod connection;
mod ending;
mod frame;
mod gateway;
mod heard;
mod history;
pub mod hub;
mod instruments;
mod places;
mod presence;
mod reader;
mod ring;
mod stream;

pub use bus::Hearing;
pub use config::Config;
pub use gateway::{Gateway, StartError};
