#![doc = include_str!("../README.md")]

#[macro_use]
mod wire_enum;

pub mod chat;
pub mod identity;
pub mod quota;
pub mod reels;
pub mod shops;
pub mod uploads;
