#![doc = include_str!("../README.md")]

mod clock;
mod connection;
mod issuer;
mod pages;
mod pubsub;
mod server;
mod state;
mod storage;
mod store;
mod tasks;
mod wire;

pub use clock::Clock;
pub use issuer::{FirebaseIdToken, GoogleIdToken, Issuer, TokenError};
pub use server::{Config, GcpLocal, StartError};
