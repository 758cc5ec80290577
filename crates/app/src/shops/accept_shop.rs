//! An owner confirms the data of their shop.

use avvivo_domain::{
    audit::AuditAction, identity::Caller, notifications::NotificationKind, shops::accept::accept,
};
use avvivo_kernel::ShopId;
use avvivo_postgres::shops::ListedShop;

use super::change::Change;
use crate::{AppError, Deps};

/// Confirms the data; that lets a pending shop in when nothing is missing and who confirms it may. Administrators hear of it
/// once, and of its being let in.
pub async fn run(deps: &Deps, caller: &Caller, id: ShopId) -> Result<ListedShop, AppError> {
    caller.must_run_or_await(id)?;
    let (mut change, before) = Change::of(deps, caller, id).await?;
    let accepted = accept(&before, caller, change.now)?;
    change
        .save((&before, &accepted.shop), AuditAction::ShopAccepted, None)
        .await?;
    if accepted.approved {
        change.sync_owner(&accepted.shop).await?;
    }
    if let Some(notice) = &accepted.notice {
        let kind = NotificationKind::System;
        change.tell_admins(kind, notice, id.as_uuid()).await?;
    }
    change.commit_and_show(accepted.shop).await
}
