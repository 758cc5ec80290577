//! An administrator invites the owner of a shop, once more or for the first time.

use avvivo_domain::{audit::AuditAction, identity::Caller, shops::Shop};
use avvivo_kernel::ShopId;

use super::{change::Change, owners_address};
use crate::{
    AppError, Deps,
    mailing::{self, Letter},
};

/// Has a link mailed to the shop's address that sets the first password of its account.
pub async fn run(deps: &Deps, admin: &Caller, id: ShopId) -> Result<(), AppError> {
    mailing::must_be_sendable(deps, &Letter::ShopInvite)?;
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let to = owners_address(&before)?;
    let after = Shop {
        requires_email_fix: false,
        updated_at: change.now,
        ..before.clone()
    };
    change
        .save((&before, &after), AuditAction::InviteSent, None)
        .await?;
    change.mail(to.as_str(), Letter::ShopInvite).await?;
    change.commit().await
}
