//! Conversations and what lists show of them.

mod conversations;
pub mod messages;
pub mod uploads;

pub use conversations::{
    Counterpart, Listed, Lookup, ShopCard, ensure, find_by_pair_for_update, find_for_update,
    find_shop_card, is_participant, list_for_client, list_for_shop, set_standing,
    update_after_send,
};
