//! The messages of a conversation, page by page.

use avvivo_contracts::cursor::Cursor;
use avvivo_domain::chat::{ChatError, Message};
use avvivo_kernel::ConversationId;
use avvivo_postgres::{
    chat::{
        self,
        messages::{self, Before},
    },
    outbox,
};

use super::{Participant, WithCursor};
use crate::{AppError, Deps};

/// A page of messages, oldest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// The newest messages before a place. Reading them marks nothing as read.
pub async fn run(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    (before, limit): (Before, u32),
) -> Result<WithCursor<Page>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let audience = who.audience().to_string();
    let number = outbox::last_number(&mut conn, &audience).await?;
    if chat::find_parties(&mut conn, conversation, who.lookup)
        .await?
        .is_none()
    {
        return Err(ChatError::NotFound.into());
    }
    let messages = messages::list(&mut conn, conversation, before, i64::from(limit)).await?;
    // Places have no gaps: the first message of a conversation has place one.
    let has_more = messages.first().is_some_and(|oldest| oldest.sequence > 1);
    Ok(WithCursor {
        answer: Page { messages, has_more },
        cursor: Cursor::of(&audience, number),
    })
}
