//! Somebody has read: up to a place, or all there is.

use avvivo_domain::chat::ChatError;
use avvivo_kernel::{ConversationId, Timestamp};
use avvivo_postgres::{
    Transaction,
    chat::{self, Listed, messages},
};

use super::{Participant, announce};
use crate::{AppError, Deps};

/// Notes how far `who` has read, and tells both when that is news. Answers when.
pub async fn run(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    up_to: Option<i64>,
) -> Result<Timestamp, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let found = chat::find_for_update(&mut tx, conversation, who.lookup)
        .await?
        .ok_or(ChatError::NotFound)?;
    mark(deps, &mut tx, who, found, (up_to, now)).await?;
    deps.commit(tx).await?;
    Ok(now)
}

/// The conversation, locked, after `who` has read up to a place.
pub(super) async fn mark(
    deps: &Deps,
    tx: &mut Transaction,
    who: Participant,
    found: Listed,
    (up_to, now): (Option<i64>, Timestamp),
) -> Result<Listed, AppError> {
    let side = who.lookup.side();
    let before = &found.conversation;
    let place = before.read_to(side, up_to);
    let unread = if place == before.last_sequence {
        0
    } else {
        messages::count_after(tx, before.id, side.other(), place).await?
    };
    let after = before.read(side, place, unread);
    if after == *before {
        return Ok(found);
    }
    chat::set_standing(tx, after.id, side, after.standing(side)).await?;
    announce::read(deps, tx, (side, &after), now).await?;
    Ok(Listed {
        conversation: after,
        ..found
    })
}
