//! Conversations and what lists show of them.

mod conversations;
pub mod messages;
mod parties;
mod sending;
pub mod uploads;

pub use conversations::{
    Counterpart, Listed, Lookup, ShopCard, Version, ensure, find_by_pair_for_update, find_each,
    find_for_update, find_shop_card, list_for_client, list_for_shop, set_standing,
};
pub use parties::{Parties, find_parties, talk};
pub use sending::{Sending, send};
