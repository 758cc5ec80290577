//! Who uploads to which conversation.

use avvivo_app::{AppError, chat::Participant};
use avvivo_domain::{
    chat::ChatError,
    identity::{AccessError, Caller, UserType},
};
use avvivo_http_kit::{Problem, Role};
use avvivo_kernel::{ConversationId, ErrorKind, Fault as _};

/// Somebody who takes part in conversations: a client, or an open shop.
#[derive(Debug, Clone)]
pub(crate) struct Talker(pub(crate) Participant);

impl Role for Talker {
    type Caller = Caller;

    fn admit(caller: Caller) -> Result<Self, Problem> {
        match (caller.user_type, caller.acting_shop()) {
            (UserType::Client, _) => Ok(Self(Participant::client(caller.account_id))),
            (UserType::Shop, Some(shop)) => Ok(Self(Participant::shop(caller.account_id, shop))),
            _ => Err(AccessError::NotAllowed.into()),
        }
    }
}

/// The conversation of a request. Naming none is an error of its own; what cannot be an id names none that there is.
pub(super) fn conversation(named: Option<&str>) -> Result<ConversationId, Problem> {
    let named = named
        .map(str::trim)
        .filter(|named| !named.is_empty())
        .ok_or(ChatError::ConversationMissing)?;
    named.parse().map_err(|_: uuid::Error| not_found())
}

/// A refusal. Unlike in the chat itself, a conversation that is not there is a 404 here.
pub(super) fn refused(error: AppError) -> Problem {
    match error {
        AppError::Chat(ChatError::NotFound) => not_found(),
        other => other.into(),
    }
}

fn not_found() -> Problem {
    let error = ChatError::NotFound;
    Problem::new(ErrorKind::NotFound, error.code(), error.public_message())
}
