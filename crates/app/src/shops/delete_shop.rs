//! Deleting a shop. Its owner's account stays, and so does what was said in its conversations; its files are deleted later.

use avvivo_domain::{audit::AuditAction, identity::Caller, shops::Shop};
use avvivo_kernel::ShopId;
use avvivo_postgres::{shops::write, uploads};

use super::change::Change;
use crate::{AppError, Deps};

/// Deletes a shop and answers what it was.
pub async fn run(deps: &Deps, admin: &Caller, id: ShopId) -> Result<Shop, AppError> {
    let (mut change, shop) = Change::with_reels(deps, admin, id).await?;
    let media = write::media(&mut change.tx, id).await?;
    let stored = media.urls.iter().filter_map(|url| deps.store.path_of(url));
    let paths: Vec<String> = stored
        .map(|path| path.as_str().to_owned())
        .chain(media.paths)
        .collect();
    uploads::bury(&mut change.tx, &paths, change.now).await?;
    write::delete(&mut change.tx, id).await?;
    change
        .record(AuditAction::ShopDeleted, (Some(&shop), None), None)
        .await?;
    if let Some(owner) = shop.owner {
        change.judge(owner);
    }
    change.commit().await?;
    Ok(shop)
}
