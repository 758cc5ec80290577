//! Conversations and what lists show of them.

mod conversations;
pub mod messages;
mod parties;
pub mod uploads;

pub use conversations::{
    Counterpart, Listed, Lookup, ShopCard, ensure, find_by_pair_for_update, find_for_update,
    find_shop_card, list_for_client, list_for_shop, set_standing, update_after_send,
};
pub use parties::{Parties, find_parties, talk};
