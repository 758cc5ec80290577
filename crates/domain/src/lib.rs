#![doc = include_str!("../README.md")]

#[macro_use]
mod wire_enum;

pub mod audit;
pub mod chat;
pub mod clients;
pub mod fields;
pub mod identity;
pub mod notifications;
pub mod quota;
pub mod reels;
pub mod reports;
pub mod share;
pub mod shops;
pub mod text;
pub mod uploads;
