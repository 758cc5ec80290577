//! What clients of the chat are given.

use avvivo_domain::chat::{Attachment, Conversation, Message, Side};
use avvivo_kernel::{AccountId, ConversationId, MessageId, ShopId, Timestamp, time::to_wire};
use avvivo_postgres::chat::{Counterpart, Listed, ShopCard};
use serde::Serialize;
use utoipa::ToSchema;

/// A conversation, as one side sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation)]
pub(crate) struct ConversationView {
    #[schema(value_type = uuid::Uuid)]
    id: ConversationId,
    #[schema(example = "OPEN")]
    status: &'static str,
    last_message_preview: Option<String>,
    updated_at: String,
    created_at: String,
    /// How long the client waited for the first answer.
    first_response_seconds: Option<i32>,
    first_shop_response_at: Option<String>,
    first_client_message_at: Option<String>,
    last_client_message_at: Option<String>,
    last_shop_message_at: Option<String>,
    /// Messages of the other side that this side has not read.
    unread_count: i32,
    /// The place of the last message.
    last_sequence: i64,
    /// The place up to which the other side has read.
    read_to_by_other: i64,
}

impl ConversationView {
    fn of(conversation: &Conversation, side: Side) -> Self {
        let moment = |at: Option<Timestamp>| at.map(to_wire);
        Self {
            id: conversation.id,
            status: conversation.status.as_str(),
            last_message_preview: conversation.last_message_preview.clone(),
            updated_at: to_wire(conversation.updated_at),
            created_at: to_wire(conversation.created_at),
            first_response_seconds: conversation.first_response_seconds,
            first_shop_response_at: moment(conversation.first_shop_response_at),
            first_client_message_at: moment(conversation.first_client_message_at),
            last_client_message_at: moment(conversation.last_client_message_at),
            last_shop_message_at: moment(conversation.last_shop_message_at),
            unread_count: conversation.standing(side).unread,
            last_sequence: conversation.last_sequence,
            read_to_by_other: conversation.standing(side.other()).read_to,
        }
    }
}

/// A conversation as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientConversation)]
pub(crate) struct ClientConversationView {
    #[serde(flatten)]
    conversation: ConversationView,
    shop: ShopView,
}

impl From<Listed> for ClientConversationView {
    fn from(listed: Listed) -> Self {
        Self {
            conversation: ConversationView::of(&listed.conversation, Side::Client),
            shop: listed.shop.into(),
        }
    }
}

/// The shop of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatShop)]
pub(crate) struct ShopView {
    #[schema(value_type = uuid::Uuid)]
    id: ShopId,
    name: String,
    logo_url: Option<String>,
    /// `HIDDEN` for a shop that is gone.
    #[schema(example = "ACTIVE")]
    status: String,
    #[schema(example = "LIT")]
    visibility_state: String,
}

impl From<ShopCard> for ShopView {
    fn from(shop: ShopCard) -> Self {
        Self {
            id: shop.id,
            name: shop.name,
            logo_url: shop.logo_url,
            status: shop.status,
            visibility_state: shop.visibility,
        }
    }
}

/// A conversation as its shop sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopConversation)]
pub(crate) struct ShopConversationView {
    #[serde(flatten)]
    conversation: ConversationView,
    client: ClientView,
}

impl From<Listed> for ShopConversationView {
    fn from(listed: Listed) -> Self {
        Self {
            conversation: ConversationView::of(&listed.conversation, Side::Shop),
            client: listed.client.into(),
        }
    }
}

/// The client of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatClient)]
pub(crate) struct ClientView {
    #[schema(value_type = uuid::Uuid)]
    auth_user_id: AccountId,
    email: String,
    display_name: Option<String>,
    avatar_url: Option<String>,
}

impl From<Counterpart> for ClientView {
    fn from(client: Counterpart) -> Self {
        Self {
            auth_user_id: client.account,
            email: client.email,
            display_name: client.display_name,
            avatar_url: client.avatar_url,
        }
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatMessage)]
pub(crate) struct MessageView {
    #[schema(value_type = uuid::Uuid)]
    id: MessageId,
    #[schema(value_type = uuid::Uuid)]
    conversation_id: ConversationId,
    #[schema(example = "CLIENT")]
    sender_type: &'static str,
    #[schema(value_type = Option<uuid::Uuid>)]
    sender_auth_user_id: Option<AccountId>,
    #[schema(example = "TEXT")]
    message_type: &'static str,
    content: Option<String>,
    attachments: Option<Vec<AttachmentView>>,
    /// Always null; how far the other side has read is told by the conversation and by `chat:read`.
    #[schema(value_type = Option<String>)]
    read_at: (),
    created_at: String,
    /// Whether the caller wrote it.
    is_mine: bool,
    /// Its place in the conversation, from one, without gaps.
    sequence: i64,
}

impl MessageView {
    pub(super) fn of(message: Message, caller: AccountId) -> Self {
        let files: Vec<_> = message
            .attachments
            .into_iter()
            .map(AttachmentView::from)
            .collect();
        Self {
            id: message.id,
            conversation_id: message.conversation,
            sender_type: message.sender.as_str(),
            sender_auth_user_id: message.author,
            message_type: message.kind.as_str(),
            content: message.content,
            attachments: (!files.is_empty()).then_some(files),
            read_at: (),
            created_at: to_wire(message.created_at),
            is_mine: message.author == Some(caller),
            sequence: message.sequence,
        }
    }
}

/// A file of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatAttachment)]
pub(crate) struct AttachmentView {
    #[schema(example = "image")]
    kind: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
}

impl From<Attachment> for AttachmentView {
    fn from(file: Attachment) -> Self {
        Self {
            kind: file.kind,
            url: file.url,
            size_bytes: file.size_bytes,
            duration_seconds: file.duration_seconds,
            width: file.width,
            height: file.height,
        }
    }
}
