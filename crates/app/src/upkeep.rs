//! Reconcilers: each reads what should be true and makes it so, in bounded batches, under a lease.

pub mod delete_objects;
pub mod expire_reels;
pub mod forget_history;
mod leased;
pub mod requeue_stuck;

pub use leased::{Outcome, leased};
