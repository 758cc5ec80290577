//! The words of chat events. Each of the two who talk has an audience, and gets a copy of their own.

use avvivo_contracts::{
    audience::Audience,
    events::v1::{
        ChatAttachment, ChatConversation, ChatMessage, ChatMessageSent, ChatRead, event::Payload,
    },
};
use avvivo_domain::chat::{Attachment, Conversation, Message, Side};
use avvivo_kernel::{EventId, Timestamp};
use avvivo_postgres::{
    DbError, Transaction,
    outbox::{self, NewEvent},
};

use crate::{Deps, announce::stamp};

/// What both are told of a message that `side` wrote, and the id of what that side itself is.
pub(super) fn message_sent(
    deps: &Deps,
    side: Side,
    (message, after): (&Message, &Conversation),
    traceparent: Option<&str>,
) -> (EventId, [NewEvent; 2]) {
    let each = each_of_both(deps, after, traceparent, |recipient| {
        Payload::ChatMessageSent(ChatMessageSent {
            message: Some(message_of(message)),
            conversation: Some(ChatConversation {
                id: after.id.to_string(),
                updated_at: Some(stamp(after.updated_at)),
                last_message_preview: after.last_message_preview.clone().unwrap_or_default(),
                first_response_seconds: after.first_response_seconds.map(i32::unsigned_abs),
                unread_count: after.standing(recipient).unread.unsigned_abs(),
            }),
            recipient: recipient.as_str().to_owned(),
            unread_delta: u32::from(recipient != side),
        })
    });
    let [client, shop] = &each;
    let own = match side {
        Side::Client => client.id,
        Side::Shop => shop.id,
    };
    (own, each)
}

/// Tells both how far `side` has read.
pub(super) async fn read(
    deps: &Deps,
    tx: &mut Transaction,
    (side, after): (Side, &Conversation),
    now: Timestamp,
) -> Result<(), DbError> {
    let standing = after.standing(side);
    let traceparent = (deps.traceparent)();
    let events = each_of_both(deps, after, traceparent.as_deref(), |_| {
        Payload::ChatRead(ChatRead {
            conversation_id: after.id.to_string(),
            reader: side.as_str().to_owned(),
            read_to: standing.read_to.unsigned_abs(),
            unread_count: standing.unread.unsigned_abs(),
        })
    });
    outbox::push_events(tx, &events, deps.occasion(now)).await?;
    Ok(())
}

fn each_of_both(
    deps: &Deps,
    conversation: &Conversation,
    traceparent: Option<&str>,
    payload: impl Fn(Side) -> Payload,
) -> [NewEvent; 2] {
    [Side::Client, Side::Shop].map(|recipient| NewEvent {
        id: deps.event_id(),
        audience: audience_of(conversation, recipient),
        payload: payload(recipient),
        traceparent: traceparent.map(str::to_owned),
    })
}

fn audience_of(conversation: &Conversation, side: Side) -> Audience {
    match side {
        Side::Client => Audience::Client(conversation.client),
        Side::Shop => Audience::Shop(conversation.shop),
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
