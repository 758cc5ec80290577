#![doc = include_str!("../README.md")]

pub mod fault;
pub mod ids;
pub mod time;

pub use fault::{ErrorKind, Fault};
pub use ids::{
    AccountId, ConversationId, EventId, IdSource, LeaseToken, MessageId, RandomIds, ReelId, ShopId,
    StreamId,
};
pub use time::{Clock, SystemClock, Timestamp};
