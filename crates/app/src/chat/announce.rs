//! The words of chat events. Each of the two who talk has an audience, and gets a copy of their own.

use avvivo_contracts::{
    audience,
    events::v1::{
        ChatAttachment, ChatConversation, ChatMessage, ChatMessageSent, ChatRead, event::Payload,
    },
};
use avvivo_domain::chat::{Attachment, Conversation, Message, Side};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{DbError, Transaction};

use crate::{
    Deps,
    announce::{push, stamp},
};

/// Tells both of a message. Answers the number it has in the audience of `side`, which wrote it.
pub(super) async fn message_sent(
    deps: &Deps,
    tx: &mut Transaction,
    side: Side,
    (message, after): (&Message, &Conversation),
    now: Timestamp,
) -> Result<u64, DbError> {
    let mut own = 0;
    for recipient in [Side::Client, Side::Shop] {
        let unread = after.standing(recipient).unread;
        let payload = Payload::ChatMessageSent(ChatMessageSent {
            message: Some(message_of(message)),
            conversation: Some(ChatConversation {
                id: after.id.to_string(),
                updated_at: Some(stamp(after.updated_at)),
                last_message_preview: after.last_message_preview.clone().unwrap_or_default(),
                first_response_seconds: after.first_response_seconds.map(i32::unsigned_abs),
                unread_count: unread.unsigned_abs(),
            }),
            recipient: recipient.as_str().to_owned(),
            unread_delta: u32::from(recipient != side),
        });
        let number = push(deps, tx, audience_of(after, recipient), payload, now).await?;
        if recipient == side {
            own = number;
        }
    }
    Ok(own)
}

/// Tells both how far `side` has read.
pub(super) async fn read(
    deps: &Deps,
    tx: &mut Transaction,
    (side, after): (Side, &Conversation),
    now: Timestamp,
) -> Result<(), DbError> {
    let standing = after.standing(side);
    for recipient in [Side::Client, Side::Shop] {
        let payload = Payload::ChatRead(ChatRead {
            conversation_id: after.id.to_string(),
            reader: side.as_str().to_owned(),
            read_to: standing.read_to.unsigned_abs(),
            unread_count: standing.unread.unsigned_abs(),
        });
        push(deps, tx, audience_of(after, recipient), payload, now).await?;
    }
    Ok(())
}

fn audience_of(conversation: &Conversation, side: Side) -> String {
    match side {
        Side::Client => audience::client(conversation.client),
        Side::Shop => audience::shop(conversation.shop),
    }
}

fn message_of(message: &Message) -> ChatMessage {
    ChatMessage {
        id: message.id.to_string(),
        conversation_id: message.conversation.to_string(),
        sequence: message.sequence.unsigned_abs(),
        sender_type: message.sender.as_str().to_owned(),
        sender_account_id: message
            .author
            .map(|author| author.to_string())
            .unwrap_or_default(),
        message_type: message.kind.as_str().to_owned(),
        content: message.content.clone().unwrap_or_default(),
        attachments: message.attachments.iter().map(attachment_of).collect(),
        created_at: Some(stamp(message.created_at)),
    }
}

fn attachment_of(file: &Attachment) -> ChatAttachment {
    ChatAttachment {
        kind: file.kind.clone(),
        url: file.url.clone(),
        size_bytes: file.size_bytes.unwrap_or_default(),
        duration_seconds: file.duration_seconds.unwrap_or_default(),
        width: file.width.unwrap_or_default(),
        height: file.height.unwrap_or_default(),
    }
}
