#![doc = include_str!("../README.md")]

mod announce;
pub mod audit;
pub mod chat;
pub mod clients;
pub mod deps;
pub mod error;
pub mod identity;
mod mailing;
pub mod outbox;
mod places;
pub mod realtime;
pub mod reels;
pub mod rendering;
pub mod reports;
pub mod share;
pub mod shops;
pub mod testpanel;
pub mod upkeep;
pub mod uploads;

pub use avvivo_pictures::Pictures;
pub use deps::{Deps, Outside, Policy};
pub use error::AppError;
