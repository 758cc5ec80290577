//! How audiences are spelled: a class, a colon, and whom of that class.

use avvivo_kernel::{AccountId, ShopId};

/// Everybody, about reels entering and leaving the public feed.
pub const PUBLIC_REELS: &str = "public:reels";

/// The class of audiences that everybody may hear.
pub const PUBLIC_CLASS: &str = "public";

/// What instances of the platform tell each other; no client may hear it.
pub const CONTROL_CLASS: &str = "control";

/// Whose rights have changed.
pub const CONTROL_ACCESS: &str = "control:access";

/// The people of one shop.
pub fn shop(id: ShopId) -> String {
    format!("shop:{id}")
}

/// One client.
pub fn client(id: AccountId) -> String {
    format!("client:{id}")
}

/// The part before the colon.
pub fn class(audience: &str) -> &str {
    audience
        .split_once(':')
        .map_or(audience, |(class, _)| class)
}
