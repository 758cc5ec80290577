//! Letting a shop in, turning it away, and letting it schedule again.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::transitions::{activate, lift_suspension, reject},
};
use avvivo_kernel::ShopId;
use avvivo_postgres::shops::ListedShop;

use super::change::Change;
use crate::{AppError, Deps};

/// What an administrator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is let in.
    Activate {
        /// Why, in their words.
        reason: Option<String>,
    },
    /// It is turned away.
    Reject {
        /// Why, in their words.
        reason: Option<String>,
    },
    /// It may schedule again.
    LiftSuspension,
}

/// Does so; the owner's account follows.
pub async fn run(
    deps: &Deps,
    admin: &Caller,
    id: ShopId,
    verdict: Verdict,
) -> Result<ListedShop, AppError> {
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let now = change.now;
    let (after, action, because) = match verdict {
        Verdict::Activate { reason } => (
            activate(&before, reason.clone(), now),
            AuditAction::ShopActivated,
            reason,
        ),
        Verdict::Reject { reason } => (
            reject(&before, reason.clone(), now),
            AuditAction::ShopRejected,
            reason,
        ),
        Verdict::LiftSuspension => (
            lift_suspension(&before, now)?,
            AuditAction::AgendaSuspensionLifted,
            None,
        ),
    };
    change.save((&before, &after), action, because).await?;
    change.sync_owner(&after).await?;
    change.commit_and_show(after).await
}
