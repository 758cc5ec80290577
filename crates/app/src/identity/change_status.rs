//! Suspends an account, or reinstates it.

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::AccountStatus,
};
use avvivo_kernel::AccountId;
use avvivo_postgres::accounts;
use serde_json::json;

use crate::{AppError, Deps, announce, audit};

/// From the commit on the account is what it is said to be; streams that it has open end when gateways hear of it. Whether
/// that was news.
pub async fn run(
    deps: &Deps,
    actor: Actor,
    account: AccountId,
    status: AccountStatus,
) -> Result<bool, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let changed = accounts::set_status(&mut tx, account, status).await?;
    if changed {
        let before = match status {
            AccountStatus::Active => AccountStatus::Suspended,
            AccountStatus::Suspended => AccountStatus::Active,
        };
        let entry = AuditEntry::of_change(
            AuditAction::AccountStatusChanged,
            Occasion { actor, at: now },
            (SubjectKind::Account, account.as_uuid()),
            None,
            Some(&json!({ "status": before })),
            Some(&json!({ "status": status })),
        );
        audit::write(deps, &mut tx, &entry).await?;
        announce::access_changed(deps, &mut tx, account, now).await?;
    }
    deps.commit(tx).await?;
    Ok(changed)
}
