//! Somebody says whether they buy or sell.

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::{
        Account, Caller, TokenIdentity,
        onboarding::{Intent, Onboarded, OnboardingError, choose},
    },
};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{Transaction, accounts};
use serde_json::json;

use super::resolve_caller;
use crate::{
    AppError, Deps, announce, audit,
    mailing::{self, Letter},
};

/// Who they are afterwards: the state of a shop wins over what its owner chose. Of choices made at once, the first counts.
pub async fn run(deps: &Deps, caller: &Caller, intent: Intent) -> Result<Caller, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let account = accounts::find_for_update(&mut tx, caller.account_id).await?;
    let chosen = choose(intent, account.as_ref(), &caller.uid, now)?;
    let account = account.ok_or(OnboardingError::AccountGone)?;
    accounts::save_choice(&mut tx, caller.account_id, &chosen).await?;
    write_down(deps, &mut tx, caller, (&account, &chosen), now).await?;
    if (account.user_type, account.role) != (chosen.user_type, chosen.role) {
        announce::access_changed(deps, &mut tx, caller.account_id, now).await?;
    }
    if chosen.welcome {
        let welcome = (caller.email.as_str(), Letter::Welcome);
        mailing::post(deps, &mut tx, welcome, now).await?;
    }
    deps.commit(tx).await?;
    let token = TokenIdentity {
        uid: caller.uid.clone(),
        email: Some(caller.email.clone()),
        email_verified: caller.email_verified,
        expires_at: caller.token_expires_at,
    };
    resolve_caller::run(deps, &token).await
}

async fn write_down(
    deps: &Deps,
    tx: &mut Transaction,
    caller: &Caller,
    (account, chosen): (&Account, &Onboarded),
    now: Timestamp,
) -> Result<(), AppError> {
    let entry = AuditEntry::of_change(
        AuditAction::RoleChosen,
        Occasion {
            actor: Actor::of(Some(caller)),
            at: now,
        },
        (SubjectKind::Account, account.id.as_uuid()),
        None,
        Some(&json!({"userType": account.user_type, "role": account.role})),
        Some(&json!({"userType": chosen.user_type, "role": chosen.role})),
    );
    audit::write(deps, tx, &entry).await?;
    Ok(())
}
