//! Somebody says something: the message, the conversation, and what both are told, in one commit.

use std::sync::Arc;

use avvivo_contracts::cursor::Cursor;
use avvivo_domain::chat::{ChatError, Composed, Conversation, Fields, Message, Side, compose};
use avvivo_kernel::{ConversationId, EventId, MessageId, Timestamp};
use avvivo_postgres::{
    chat::{self, Sending, messages},
    outbox::{self, NewEvent, Told},
};
use uuid::Uuid;

use super::{Participant, WithCursor, announce, attachments, together::Outcome};
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
    let mut composed = compose(&fields)?;
    let paths = attachments::canonical(deps, who, conversation, &mut composed)?;
    let place = (conversation, who.lookup.side());
    let speech = Arc::new(Speech {
        who,
        conversation,
        id: message_id(deps, place, idempotency_key.as_deref()),
        keyed: idempotency_key.is_some(),
        composed,
        traceparent: (deps.traceparent)(),
    });
    if paths.is_empty() {
        match deps.together.say(deps, Arc::clone(&speech)).await {
            Outcome::Said(sent) => return Ok(sent),
            // Whatever stood in its way, the key may have been used before.
            Outcome::Refused(error) if !speech.keyed => return Err(error.into()),
            Outcome::Refused(_) | Outcome::Unknown => {}
        }
    }
    in_turn(deps, &speech, &paths).await
}

/// What somebody is about to say.
pub(super) struct Speech {
    pub(super) who: Participant,
    pub(super) conversation: ConversationId,
    pub(super) id: MessageId,
    pub(super) keyed: bool,
    composed: Composed,
    traceparent: Option<String>,
}

/// A message, what it makes of its conversation, and what is told of it.
pub(super) struct Said {
    pub(super) message: Message,
    pub(super) after: Conversation,
    pub(super) events: [NewEvent; 2],
    /// Of the events, the one for whoever speaks.
    pub(super) own: EventId,
}

impl Speech {
    /// Says it in a conversation as it is.
    pub(super) fn say(
        &self,
        deps: &Deps,
        before: &Conversation,
        now: Timestamp,
    ) -> Result<Said, ChatError> {
        let side = self.who.lookup.side();
        let author = (self.id, self.who.account);
        let (message, after) = before.send(side, author, self.composed.clone(), now)?;
        let traceparent = self.traceparent.as_deref();
        let (own, events) = announce::message_sent(deps, side, (&message, &after), traceparent);
        Ok(Said {
            message,
            after,
            events,
            own,
        })
    }

    /// The answer, when the speaker's audience has been told up to `number`.
    pub(super) fn answer(&self, message: Message, number: u64) -> WithCursor<Message> {
        WithCursor {
            answer: message,
            cursor: Cursor::of(self.who.audience(), number),
        }
    }
}

/// Says it with the conversation locked: for those who bring files, who have used a key before, or who do not know what came
/// of the first time, because somebody else was at the conversation or the database went away.
async fn in_turn(
    deps: &Deps,
    speech: &Speech,
    paths: &[String],
) -> Result<WithCursor<Message>, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let found = chat::find_for_update(&mut tx, speech.conversation, speech.who.lookup)
        .await?
        .ok_or(ChatError::NotFound)?;
    if let Some(earlier) = messages::find(&mut tx, speech.conversation, speech.id).await? {
        let audience = speech.who.audience().to_string();
        let number = outbox::last_number(&mut tx, &audience).await?;
        return Ok(speech.answer(earlier, number));
    }
    if found.shop.is_gone {
        return Err(ChatError::NotAvailable.into());
    }
    let said = speech.say(deps, &found.conversation, now)?;
    attachments::keep(&mut tx, speech.conversation, paths, now).await?;
    let sending = Sending {
        conversations: vec![(found.version, said.after)],
        messages: vec![said.message.clone()],
        events: said.events.map(|event| (speech.conversation, event)).into(),
    };
    let Told { numbers, written } = chat::send(&mut tx, &sending, deps.occasion(now)).await?;
    // Always there: nobody changes what is locked.
    let number = *numbers.get(&said.own).ok_or(ChatError::NotFound)?;
    tx.note(written);
    deps.commit(tx).await?;
    Ok(speech.answer(said.message, number))
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
