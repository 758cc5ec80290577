//! The pictures of a message have arrived: look, check, and remember the versions seen.

use avvivo_domain::{
    chat::{self as rules, ChatError},
    uploads::{Stored, UploadError, file_name},
};
use avvivo_kernel::ConversationId;
use avvivo_ports::ObjectPath;
use avvivo_postgres::{
    chat,
    uploads::{self, ConfirmedUpload},
};
use futures::future::try_join_all;

use super::Participant;
use crate::{AppError, Deps, uploads::confirm_upload::Arrived};

/// Confirms the files, cleaned paths in order. Those that no message takes within a day are deleted.
pub async fn run(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    paths: Vec<String>,
) -> Result<Vec<Arrived>, AppError> {
    rules::check_confirmed(&who.folder(conversation), &paths)?;
    let mut conn = deps.db.acquire().await?;
    if chat::find_parties(&mut conn, conversation, who.lookup)
        .await?
        .is_none()
    {
        return Err(ChatError::NotFound.into());
    }
    drop(conn);
    let confirmed = try_join_all(paths.iter().map(|path| look(deps, path))).await?;
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    chat::uploads::set_confirmed(&mut tx, conversation, &confirmed, now).await?;
    uploads::postpone_tombstones(&mut tx, &paths, deps.unused_after(now)).await?;
    tx.commit().await?;
    let arrived = |path: String| {
        let public_url = deps.chat_store.public_url(&ObjectPath::new(path.as_str()));
        Arrived { path, public_url }
    };
    Ok(paths.into_iter().map(arrived).collect())
}

async fn look(deps: &Deps, path: &str) -> Result<ConfirmedUpload, AppError> {
    let found = deps.chat_store.stat(&ObjectPath::new(path)).await?;
    let meta = found.ok_or_else(|| UploadError::Missing {
        file: file_name(path).to_owned(),
    })?;
    rules::check_stored(Stored {
        path,
        content_type: &meta.content_type,
        size_bytes: meta.size_bytes,
    })?;
    Ok(ConfirmedUpload {
        path: path.to_owned(),
        generation: meta.generation,
        size_bytes: meta.size_bytes,
        content_type: meta.content_type,
    })
}
