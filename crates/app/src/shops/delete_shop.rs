//! Deleting a shop. Its owner's account stays, and so does what was said in its conversations; its files are deleted later.

use avvivo_domain::{audit::AuditAction, identity::Caller};
use avvivo_kernel::ShopId;
use avvivo_postgres::{shops::ListedShop, uploads};

use super::{change::Change, files};
use crate::{AppError, Deps};

/// Deletes a shop and answers what it was.
pub async fn run(deps: &Deps, admin: &Caller, id: ShopId) -> Result<ListedShop, AppError> {
    let (mut change, shop) = Change::with_reels(deps, admin, id).await?;
    let shown = change.show(shop.clone()).await?;
    let files = files::delete(deps, &mut change.tx, &shop).await?;
    uploads::bury(&mut change.tx, &files, change.now).await?;
    change
        .record(AuditAction::ShopDeleted, (Some(&shop), None), None)
        .await?;
    if let Some(owner) = shop.owner {
        change.judge(owner);
    }
    change.commit().await?;
    Ok(shown)
}
