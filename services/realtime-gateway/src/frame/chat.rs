//! Frames of the chat, as its clients have always read them.

use avvivo_contracts::events::v1::{
    ChatAttachment, ChatConversation, ChatMessage, ChatMessageSent, ChatRead, ChatTyping,
};
use avvivo_kernel::time::to_wire;
use serde::Serialize;

use super::{Part, moment, present};

/// A message, and right after it what it changes in the count of the unread.
pub(super) fn message_sent(sent: &ChatMessageSent, at: &str) -> Option<[Part; 2]> {
    let message = sent.message.as_ref()?;
    let conversation = sent.conversation.as_ref()?;
    let created_at = message
        .created_at
        .and_then(moment)
        .map_or_else(|| at.to_owned(), to_wire);
    let news = NewMessage {
        conversation_id: &message.conversation_id,
        message: MessageView::new(message, &created_at),
        conversation: ConversationView::new(conversation, at),
        recipient: &sent.recipient,
        unread_delta: sent.unread_delta,
    };
    let unread = UnreadUpdate {
        conversation_id: &message.conversation_id,
        at: &created_at,
        unread_delta: sent.unread_delta,
        unread_count: conversation.unread_count,
    };
    Some([
        Part::new("chat:new_message", &news),
        Part::new("chat:unread_update", &unread),
    ])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMessage<'a> {
    conversation_id: &'a str,
    message: MessageView<'a>,
    conversation: ConversationView<'a>,
    recipient: &'a str,
    unread_delta: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageView<'a> {
    id: &'a str,
    conversation_id: &'a str,
    sender_type: &'a str,
    sender_auth_user_id: Option<&'a str>,
    message_type: &'a str,
    content: Option<&'a str>,
    attachments: Option<Vec<AttachmentView<'a>>>,
    created_at: &'a str,
    sequence: u64,
}

impl<'a> MessageView<'a> {
    fn new(message: &'a ChatMessage, created_at: &'a str) -> Self {
        let attachments: Vec<_> = message
            .attachments
            .iter()
            .map(AttachmentView::new)
            .collect();
        Self {
            id: &message.id,
            conversation_id: &message.conversation_id,
            sender_type: &message.sender_type,
            sender_auth_user_id: present(&message.sender_account_id),
            message_type: &message.message_type,
            content: present(&message.content),
            attachments: (!attachments.is_empty()).then_some(attachments),
            created_at,
            sequence: message.sequence,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentView<'a> {
    kind: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
}

impl<'a> AttachmentView<'a> {
    fn new(file: &'a ChatAttachment) -> Self {
        let said = |number: u64| (number > 0).then_some(number);
        Self {
            kind: &file.kind,
            url: &file.url,
            size_bytes: said(file.size_bytes),
            duration_seconds: (file.duration_seconds > 0.0).then_some(file.duration_seconds),
            width: said(file.width),
            height: said(file.height),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationView<'a> {
    id: &'a str,
    updated_at: String,
    last_message_preview: Option<&'a str>,
    first_response_seconds: Option<u32>,
}

impl<'a> ConversationView<'a> {
    fn new(conversation: &'a ChatConversation, at: &str) -> Self {
        Self {
            id: &conversation.id,
            updated_at: conversation
                .updated_at
                .and_then(moment)
                .map_or_else(|| at.to_owned(), to_wire),
            last_message_preview: present(&conversation.last_message_preview),
            first_response_seconds: conversation.first_response_seconds,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnreadUpdate<'a> {
    conversation_id: &'a str,
    at: &'a str,
    unread_delta: u32,
    unread_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Read<'a> {
    conversation_id: &'a str,
    reader: &'a str,
    #[serde(rename = "readTo")]
    place: u64,
    unread_count: u32,
    at: &'a str,
}

impl<'a> Read<'a> {
    pub(super) fn new(read: &'a ChatRead, at: &'a str) -> Self {
        Self {
            conversation_id: &read.conversation_id,
            reader: &read.reader,
            place: read.read_to,
            unread_count: read.unread_count,
            at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Typing<'a> {
    conversation_id: &'a str,
    by: &'a str,
    expires_in_ms: u32,
    at: &'a str,
}

impl<'a> Typing<'a> {
    pub(super) fn new(typing: &'a ChatTyping, at: &'a str) -> Self {
        Self {
            conversation_id: &typing.conversation_id,
            by: &typing.side,
            expires_in_ms: typing.expires_in_ms,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::json, *};

    fn stamp(seconds: i64) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos: 0 }
    }

    #[test]
    fn a_message_is_two_frames() {
        let sent = ChatMessageSent {
            message: Some(ChatMessage {
                id: "m".to_owned(),
                conversation_id: "c".to_owned(),
                sequence: 3,
                sender_type: "CLIENT".to_owned(),
                sender_account_id: "a".to_owned(),
                message_type: "TEXT".to_owned(),
                content: "Tienen talle 44?".to_owned(),
                attachments: Vec::new(),
                created_at: Some(stamp(1_773_152_710)),
            }),
            conversation: Some(ChatConversation {
                id: "c".to_owned(),
                updated_at: Some(stamp(1_773_152_711)),
                last_message_preview: "Tienen talle 44?".to_owned(),
                first_response_seconds: Some(0),
                unread_count: 2,
            }),
            recipient: "SHOP".to_owned(),
            unread_delta: 1,
        };
        let [news, unread] = message_sent(&sent, "unused").unwrap();
        assert_eq!(
            (news.name, unread.name),
            ("chat:new_message", "chat:unread_update")
        );
        assert_eq!(
            news.bytes,
            "event: chat:new_message\ndata: {\"conversationId\":\"c\",\"message\":{\"id\":\"m\",\"conversationId\":\"c\",\
             \"senderType\":\"CLIENT\",\"senderAuthUserId\":\"a\",\"messageType\":\"TEXT\",\
             \"content\":\"Tienen talle 44?\",\"attachments\":null,\"createdAt\":\"2026-03-10T14:25:10.000Z\",\
             \"sequence\":3},\"conversation\":{\"id\":\"c\",\"updatedAt\":\"2026-03-10T14:25:11.000Z\",\
             \"lastMessagePreview\":\"Tienen talle 44?\",\"firstResponseSeconds\":0},\"recipient\":\"SHOP\",\
             \"unreadDelta\":1}\n\n"
        );
        assert_eq!(
            unread.bytes,
            "event: chat:unread_update\ndata: {\"conversationId\":\"c\",\
             \"at\":\"2026-03-10T14:25:10.000Z\",\"unreadDelta\":1,\"unreadCount\":2}\n\n"
        );
    }

    #[test]
    fn files_say_only_what_is_known() {
        let file = ChatAttachment {
            kind: "image".to_owned(),
            url: "https://a/1".to_owned(),
            size_bytes: 7,
            ..ChatAttachment::default()
        };
        assert_eq!(
            json(&AttachmentView::new(&file)),
            "{\"kind\":\"image\",\"url\":\"https://a/1\",\"sizeBytes\":7}"
        );
    }
}
