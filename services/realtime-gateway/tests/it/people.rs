//! Whose channels are whose.

use uuid::Uuid;

/// A shop, and its channel.
pub(crate) const SHOP_ID: &str = "0a000000-0000-7000-8000-00000000000a";
pub(crate) const SHOP: &str = "shop:0a000000-0000-7000-8000-00000000000a";
/// The channel of another.
pub(crate) const OTHER_SHOP: &str = "shop:0b000000-0000-7000-8000-00000000000b";

/// Clients' channels.
pub(crate) const CARO: &str = "client:0c000000-0000-7000-8000-00000000000c";
pub(crate) const DORA: &str = "client:0d000000-0000-7000-8000-00000000000d";
pub(crate) const EMA: &str = "client:0e000000-0000-7000-8000-00000000000e";

/// The channel of one client of many.
pub(crate) fn client(number: u64) -> String {
    format!("client:{}", Uuid::from_u64_pair(0, number))
}
