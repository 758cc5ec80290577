//! Somebody says something: the message, the conversation, and what both are told, in one commit.

use avvivo_contracts::cursor::Cursor;
use avvivo_domain::chat::{ChatError, Fields, Message, Side, compose};
use avvivo_kernel::{ConversationId, MessageId};
use avvivo_postgres::{
    chat::{self, messages},
    outbox,
};
use uuid::Uuid;

use super::{Participant, WithCursor, announce, attachments};
use crate::{AppError, Deps};

/// What is asked.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// Who speaks.
    pub who: Participant,
    /// In which conversation.
    pub conversation: ConversationId,
    /// What they say.
    pub fields: Fields,
    /// The same key gives the same message.
    pub idempotency_key: Option<String>,
}

/// Adds the message, or finds the one that the same key added before.
pub async fn run(deps: &Deps, command: SendMessage) -> Result<WithCursor<Message>, AppError> {
    let SendMessage {
        who,
        conversation,
        fields,
        idempotency_key,
    } = command;
    let side = who.lookup.side();
    let mut composed = compose(&fields)?;
    let paths = attachments::canonical(deps, who, conversation, &mut composed)?;
    let id = message_id(deps, (conversation, side), idempotency_key.as_deref());
    let now = deps.now();

    let mut tx = deps.db.begin().await?;
    let found = chat::find_for_update(&mut tx, conversation, who.lookup)
        .await?
        .ok_or(ChatError::NotFound)?;
    if idempotency_key.is_some()
        && let Some(earlier) = messages::find(&mut tx, conversation, id).await?
    {
        let number = outbox::last_number(&mut tx, &who.audience()).await?;
        return Ok(WithCursor {
            answer: earlier,
            cursor: Cursor::of(&who.audience(), number),
        });
    }
    if found.shop.is_gone {
        return Err(ChatError::NotAvailable.into());
    }
    attachments::keep(&mut tx, conversation, &paths, now).await?;
    let (message, after) = found
        .conversation
        .send(side, (id, who.account), composed, now)?;
    messages::insert(&mut tx, &message).await?;
    chat::update_after_send(&mut tx, &after).await?;
    let number = announce::message_sent(deps, &mut tx, side, (&message, &after), now).await?;
    deps.commit(tx).await?;
    Ok(WithCursor {
        answer: message,
        cursor: Cursor::of(&who.audience(), number),
    })
}

/// A name of the conversation, the side and the key: no table is needed to find it again.
fn message_id(
    deps: &Deps,
    (conversation, side): (ConversationId, Side),
    key: Option<&str>,
) -> MessageId {
    match key {
        Some(key) => {
            let name = format!("{}:{key}", side.as_str());
            Uuid::new_v5(&conversation.as_uuid(), name.as_bytes()).into()
        }
        None => deps.ids.uuid().into(),
    }
}
