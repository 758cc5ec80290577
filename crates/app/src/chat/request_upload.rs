//! A participant wants to upload pictures for a message: sign an upload for each.

use avvivo_domain::{
    chat::{self as rules, ChatError},
    uploads::Announced,
};
use avvivo_kernel::ConversationId;
use avvivo_ports::{ObjectPath, UploadGrant};
use avvivo_postgres::{chat, uploads};

use super::Participant;
use crate::{AppError, Deps, uploads::request_upload::Slot};

/// Signs the uploads. As with reels, a file is condemned before it exists, and pardoned when a message has it.
pub async fn run(
    deps: &Deps,
    who: Participant,
    conversation: ConversationId,
    files: &[Announced],
) -> Result<Vec<Slot>, AppError> {
    rules::check_announced(files)?;
    let mut conn = deps.db.acquire().await?;
    if chat::find_parties(&mut conn, conversation, who.lookup)
        .await?
        .is_none()
    {
        return Err(ChatError::NotFound.into());
    }
    let now = deps.now();
    let folder = who.folder(conversation);
    let paths: Vec<String> = (0..)
        .zip(files)
        .map(|(index, file)| rules::object_name(&folder, now, index, &file.name))
        .collect();
    uploads::bury(&mut conn, &paths, deps.unused_after(now)).await?;
    drop(conn);
    let mut slots = Vec::with_capacity(files.len());
    for (path, file) in paths.into_iter().zip(files) {
        let path = ObjectPath::new(path);
        let grant = UploadGrant {
            path: path.clone(),
            content_type: file.content_type.clone(),
            size_bytes: file.size_bytes,
            expires_in: deps.policy.upload_expires_in,
        };
        slots.push(Slot {
            signed: deps.chat_store.sign_upload(&grant).await?,
            public_url: deps.chat_store.public_url(&path),
            path,
        });
    }
    Ok(slots)
}
