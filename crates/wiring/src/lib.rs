#![doc = include_str!("../README.md")]

pub mod bus;
pub mod config;
#[cfg(feature = "database")]
pub mod core;
pub mod google;
#[cfg(feature = "database")]
pub mod outside;

#[cfg(feature = "database")]
pub use crate::core::Core;
pub use bus::{Bus, redis_settings};
pub use google::{Google, WiringError};
