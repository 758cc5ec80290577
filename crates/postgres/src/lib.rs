#![doc = include_str!("../README.md")]

pub mod accounts;
pub mod audit;
pub mod chat;
pub mod clients;
pub mod counts;
mod database;
pub mod error;
pub mod favorites;
pub mod history;
pub mod leases;
pub mod notifications;
pub mod outbox;
pub mod penalties;
pub mod places;
pub mod purchases;
pub mod reels;
pub mod reminders;
pub mod samples;
pub mod shops;
pub mod streams;
pub mod testpanel;
pub mod tickets;
pub mod uploads;
pub mod views;
pub mod wallets;

pub use database::{Conn, Database, DatabaseOptions, Transaction, ensure_database};
pub use error::DbError;
