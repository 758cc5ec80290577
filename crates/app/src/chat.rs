//! Conversations between clients and shops.

mod announce;
mod attachments;
pub mod confirm_upload;
pub mod list_conversations;
pub mod list_messages;
pub mod mark_read;
pub mod open_conversation;
pub mod request_upload;
pub mod say_typing;
pub mod send_message;
mod together;

use avvivo_contracts::{audience::Audience, cursor::Cursor};
use avvivo_domain::chat::prefix;
use avvivo_kernel::{AccountId, ConversationId, ShopId};
use avvivo_postgres::chat::Lookup;
use uuid::Uuid;

pub use together::Together;

/// Somebody who takes part in conversations, as the side they are on.
#[derive(Debug, Clone, Copy)]
pub struct Participant {
    /// Who they are.
    pub account: AccountId,
    /// As whom they take part.
    pub lookup: Lookup,
}

impl Participant {
    /// Somebody who buys.
    pub fn client(account: AccountId) -> Self {
        Self {
            account,
            lookup: Lookup::Client(account),
        }
    }

    /// Somebody of a shop.
    pub fn shop(account: AccountId, shop: ShopId) -> Self {
        Self {
            account,
            lookup: Lookup::Shop(shop),
        }
    }

    /// Whose name their folder of uploads has.
    fn sender(self) -> Uuid {
        match self.lookup {
            Lookup::Client(account) => account.as_uuid(),
            Lookup::Shop(shop) => shop.as_uuid(),
        }
    }

    /// The folder of their uploads to a conversation.
    fn folder(self, conversation: ConversationId) -> String {
        prefix(conversation, self.lookup.side(), self.sender())
    }

    fn audience(self) -> Audience {
        match self.lookup {
            Lookup::Client(account) => Audience::Client(account),
            Lookup::Shop(shop) => Audience::Shop(shop),
        }
    }
}

/// An answer, and where the event stream goes on after it: whoever reads from there misses nothing that is not in the
/// answer.
#[derive(Debug, Clone)]
pub struct WithCursor<T> {
    /// The answer.
    pub answer: T,
    /// Where the participant's stream goes on.
    pub cursor: Cursor,
}
