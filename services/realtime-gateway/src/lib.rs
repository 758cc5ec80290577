#![doc = include_str!("../README.md")]

mod account;
mod api;
mod bus;
pub mod config;
mod connection;
mod control;
mod draft;
mod ending;
mod frame;
mod front;
mod gateway;
mod grants;
mod halves;
mod heard;
mod history;
pub mod hub;
mod instruments;
mod log;
mod pace;
mod places;
mod presence;
mod questions;
mod reactor;
mod refusal;
mod ring;
mod seats;
mod session;
mod sockets;
mod states;
mod stream;
mod topic;

pub use bus::Hearing;
pub use config::Config;
pub use gateway::{Gateway, StartError};
