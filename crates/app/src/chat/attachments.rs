//! Files of a message: only what its sender uploaded to this conversation and confirmed.

use avvivo_domain::chat::{ChatError, Composed};
use avvivo_kernel::{ConversationId, Timestamp};
use avvivo_postgres::{Conn, chat, uploads};
use chrono::TimeDelta;

use super::Participant;
use crate::{AppError, Deps};

/// Gives each file its canonical address, and answers the objects behind them. No address is fetched.
pub(super) fn canonical(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    composed: &mut Composed,
) -> Result<Vec<String>, ChatError> {
    let folder = who.folder(conversation);
    composed
        .attachments
        .iter_mut()
        .map(|file| {
            let path = deps
                .chat_store
                .path_of(&file.url)
                .filter(|path| path.as_str().starts_with(&folder))
                .ok_or(ChatError::ForeignAttachment)?;
            file.url = deps.chat_store.public_url(&path);
            Ok(path.as_str().to_owned())
        })
        .collect()
}

/// How long a confirmed file waits for its message: well below the time after which it is deleted.
const WAITS_FOR: TimeDelta = TimeDelta::hours(12);

/// Keeps these objects for a message. Each must have been confirmed for this conversation, and lately.
pub(super) async fn keep(
    conn: &mut Conn,
    conversation: ConversationId,
    paths: &[String],
    now: Timestamp,
) -> Result<(), AppError> {
    if paths.is_empty() {
        return Ok(());
    }
    let since = now - WAITS_FOR;
    let known = chat::uploads::list_confirmed(conn, conversation, paths, since).await?;
    if !paths.iter().all(|path| known.contains(path)) {
        return Err(ChatError::ForeignAttachment.into());
    }
    Ok(uploads::remove_tombstones(conn, paths).await?)
}
