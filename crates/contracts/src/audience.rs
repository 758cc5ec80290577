//! How audiences are spelled: a class, a colon, and whom of that class.

use avvivo_kernel::{AccountId, ShopId};

/// Everybody, about reels entering and leaving the public feed.
pub const PUBLIC_REELS: &str = "public:reels";

/// Caches, about shops.
pub const PUBLIC_SHOPS: &str = "public:shops";

/// The class of audiences that everybody may hear.
pub const PUBLIC_CLASS: &str = "public";

/// What instances of the platform tell each other; no client may hear it.
pub const CONTROL_CLASS: &str = "control";

/// Whose rights have changed.
pub const CONTROL_ACCESS: &str = "control:access";

/// Who is there: `presence:` and the channel of whom. Only ever told how it is; nothing of it is kept.
pub const PRESENCE_CLASS: &str = "presence";

/// What happens at a live stream, for all who watch.
pub const LIVE_CLASS: &str = "live";

/// Whether somebody is there who hears `channel`.
pub fn presence(channel: &str) -> String {
    format!("{PRESENCE_CLASS}:{channel}")
}

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

/// Whether its readers are counted: of a channel, because then somebody is there, and of a live stream.
pub fn is_counted(audience: &str) -> bool {
    ["shop", "client", LIVE_CLASS].contains(&class(audience))
}

/// Whether it tells a count.
pub fn tells_count(audience: &str) -> bool {
    [PRESENCE_CLASS, LIVE_CLASS].contains(&class(audience))
}

/// The audience whose readers are counted for those of `audience`.
pub fn counted_for(audience: &str) -> &str {
    let presence = audience.strip_prefix(PRESENCE_CLASS);
    presence
        .and_then(|rest| rest.strip_prefix(':'))
        .unwrap_or(audience)
}
