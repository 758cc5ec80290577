//! Conversations between a client and a shop.
//!
//! A conversation counts its messages; `sequence` is a message's place in it. What a side has not read is counted from
//! those places, under the conversation's row lock, so no clock is compared with another and a message that arrives while
//! somebody reads is not swallowed.
//!
//! | State | Message from client or shop | Marked as read |
//! |---|---|---|
//! | OPEN | accepted; the other side has one more unread | the side's unread are those after the place it read to |
//! | ARCHIVED, BLOCKED | refused | as above: what is there can still be read |

mod attachments;
mod compose;
mod error;
mod uploads;

use avvivo_kernel::{AccountId, ConversationId, MessageId, ShopId, Timestamp};

pub use attachments::{Attachment, AttachmentKind, MAX_ATTACHMENTS};
pub use compose::{Composed, Fields, MAX_CONTENT_UNITS, compose, preview};
pub use error::ChatError;
pub use uploads::{FOLDER, check_announced, check_confirmed, check_stored, object_name, prefix};

wire_enum! {
    /// Whether a conversation takes messages.
    ConversationStatus {
        /// It does.
        Open = "OPEN",
        /// Put away; it can be read.
        Archived = "ARCHIVED",
        /// Closed by an administrator; it can be read.
        Blocked = "BLOCKED",
    }
}

wire_enum! {
    /// The two who talk.
    Side {
        /// Who buys.
        Client = "CLIENT",
        /// Who sells.
        Shop = "SHOP",
    }
}

impl Side {
    /// The one who listens.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Shop,
            Self::Shop => Self::Client,
        }
    }

    /// The sender of what this side writes.
    pub fn sender(self) -> Sender {
        match self {
            Self::Client => Sender::Client,
            Self::Shop => Sender::Shop,
        }
    }
}

wire_enum! {
    /// Who wrote a message.
    Sender {
        /// The client.
        Client = "CLIENT",
        /// The shop.
        Shop = "SHOP",
        /// The platform; never anybody who calls.
        System = "SYSTEM",
    }
}

wire_enum! {
    /// What a message mainly is.
    MessageType {
        /// Text.
        Text = "TEXT",
        /// Pictures, perhaps with text.
        Image = "IMAGE",
        /// A video, perhaps with text.
        Video = "VIDEO",
        /// A notice of the platform.
        System = "SYSTEM",
    }
}

/// Where one side stands in a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The place of the last message it has read.
    pub read_to: i64,
    /// Messages of the other side after that.
    pub unread: i32,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Which one.
    pub id: ConversationId,
    /// Who buys.
    pub client: AccountId,
    /// Who sells.
    pub shop: ShopId,
    /// Whether it takes messages.
    pub status: ConversationStatus,
    /// The place of its last message; zero before the first.
    pub last_sequence: i64,
    /// Where the client stands.
    pub client_standing: Standing,
    /// Where the shop stands.
    pub shop_standing: Standing,
    /// What lists show of the last message.
    pub last_message_preview: Option<String>,
    /// When the client first wrote.
    pub first_client_message_at: Option<Timestamp>,
    /// When the client last wrote.
    pub last_client_message_at: Option<Timestamp>,
    /// When the shop last wrote.
    pub last_shop_message_at: Option<Timestamp>,
    /// When the shop first answered.
    pub first_shop_response_at: Option<Timestamp>,
    /// How long the client waited for that, in seconds.
    pub first_response_seconds: Option<i32>,
    /// When it began.
    pub created_at: Timestamp,
    /// When something last happened in it.
    pub updated_at: Timestamp,
}

impl Conversation {
    /// A new one, empty.
    pub fn open(id: ConversationId, (client, shop): (AccountId, ShopId), now: Timestamp) -> Self {
        Self {
            id,
            client,
            shop,
            status: ConversationStatus::Open,
            last_sequence: 0,
            client_standing: Standing::default(),
            shop_standing: Standing::default(),
            last_message_preview: None,
            first_client_message_at: None,
            last_client_message_at: None,
            last_shop_message_at: None,
            first_shop_response_at: None,
            first_response_seconds: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Where `side` stands.
    pub fn standing(&self, side: Side) -> Standing {
        match side {
            Side::Client => self.client_standing,
            Side::Shop => self.shop_standing,
        }
    }

    fn standing_mut(&mut self, side: Side) -> &mut Standing {
        match side {
            Side::Client => &mut self.client_standing,
            Side::Shop => &mut self.shop_standing,
        }
    }

    /// `side` says something: the message with its place, and the conversation after it.
    pub fn send(
        &self,
        side: Side,
        (id, author): (MessageId, AccountId),
        composed: Composed,
        now: Timestamp,
    ) -> Result<(Message, Self), ChatError> {
        if self.status != ConversationStatus::Open {
            return Err(ChatError::NotAvailable);
        }
        let mut after = self.clone();
        after.last_sequence += 1;
        after.last_message_preview = Some(preview(&composed));
        after.updated_at = now;
        after.standing_mut(side.other()).unread += 1;
        // Whoever answers has seen what came before.
        *after.standing_mut(side) = Standing {
            read_to: after.last_sequence,
            unread: 0,
        };
        match side {
            Side::Client => {
                after.last_client_message_at = Some(now);
                after.first_client_message_at.get_or_insert(now);
            }
            Side::Shop => {
                after.last_shop_message_at = Some(now);
                after.note_response(now);
            }
        }
        let message = Message {
            id,
            conversation: self.id,
            sequence: after.last_sequence,
            sender: side.sender(),
            author: Some(author),
            kind: composed.kind,
            content: composed.content,
            attachments: composed.attachments,
            created_at: now,
        };
        Ok((message, after))
    }

    /// The first answer to a client is measured, once.
    fn note_response(&mut self, now: Timestamp) {
        let asked = self.first_client_message_at.or(self.last_client_message_at);
        if let (None, Some(asked)) = (self.first_shop_response_at, asked) {
            let waited = now.signed_duration_since(asked).num_milliseconds().max(0);
            let seconds = waited.saturating_add(500) / 1000;
            self.first_shop_response_at = Some(now);
            self.first_response_seconds = Some(i32::try_from(seconds).unwrap_or(i32::MAX));
        }
    }

    /// How far `side` has read when it says that it read up to `up_to`: never back, never past the last message.
    pub fn read_to(&self, side: Side, up_to: Option<i64>) -> i64 {
        let wanted = up_to.unwrap_or(self.last_sequence);
        wanted
            .min(self.last_sequence)
            .max(self.standing(side).read_to)
    }

    /// The conversation after `side` read up to `place`, with `unread` messages of the other side beyond.
    #[must_use]
    pub fn read(&self, side: Side, place: i64, unread: i32) -> Self {
        let mut after = self.clone();
        *after.standing_mut(side) = Standing {
            read_to: place,
            unread,
        };
        after
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Its place there, from one, without gaps.
    pub sequence: i64,
    /// Which side wrote it.
    pub sender: Sender,
    /// Who of that side; none for the platform and for deleted accounts.
    pub author: Option<AccountId>,
    /// What it mainly is.
    pub kind: MessageType,
    /// Its text.
    pub content: Option<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests;
