//! Who is the bearer of this token? One query for an account that is settled; writes only when something changed.

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::{AccessError, Account, Caller, Resolution, TokenIdentity, resolve},
    shops::ShopStanding,
};
use avvivo_kernel::{ShopId, Timestamp};
use avvivo_postgres::{Transaction, accounts, shops};
use serde_json::{Value, json};

use crate::{AppError, Deps, announce, audit};

/// Looks again after creating the account, and once more when another request won that race.
const LOOKS: usize = 3;

/// Resolves a verified token.
pub async fn run(deps: &Deps, token: &TokenIdentity) -> Result<Caller, AppError> {
    let now = deps.now();
    let email = token.email.as_deref().ok_or(AccessError::NoEmail)?;
    for _ in 0..LOOKS {
        let mut conn = deps.db.acquire().await?;
        let account = accounts::find_for_token(&mut conn, &token.uid, email).await?;
        match resolve(token, account.as_ref(), &deps.policy.admin_emails, now)? {
            Ok(resolution) if resolution.writes_nothing() => return Ok(resolution.caller),
            Ok(resolution) => {
                drop(conn);
                return settle(deps, token, resolution, now).await;
            }
            Err(new) => accounts::ensure(&mut conn, deps.ids.uuid().into(), &new, now).await?,
        }
    }
    Err(AccessError::Anonymous.into())
}

async fn settle(
    deps: &Deps,
    token: &TokenIdentity,
    found: Resolution,
    now: Timestamp,
) -> Result<Caller, AppError> {
    let mut tx = deps.db.begin().await?;
    let settled = if found.changes_rights() {
        // Of requests that come at once, one changes them and writes it down; the others find it done.
        let account = accounts::find_for_update(&mut tx, found.account_id()).await?;
        let account = account.ok_or(AccessError::Anonymous)?;
        let again = resolve(token, Some(&account), &deps.policy.admin_emails, now)?;
        let resolution = again.map_err(|_| AccessError::Anonymous)?;
        accounts::settle(&mut tx, &resolution, now).await?;
        follow(deps, &mut tx, &account, &resolution, now).await?;
        resolution
    } else {
        accounts::settle(&mut tx, &found, now).await?;
        found
    };
    deps.commit(tx).await?;
    Ok(settled.caller)
}

/// Writes down what changed of somebody's rights, and tells who has to know.
async fn follow(
    deps: &Deps,
    tx: &mut Transaction,
    account: &Account,
    resolution: &Resolution,
    now: Timestamp,
) -> Result<(), AppError> {
    if let Some(shop) = resolution.open_shop {
        open_shop(deps, tx, resolution, shop, now).await?;
    }
    let entry = AuditEntry::of_change(
        AuditAction::RoleChanged,
        Occasion {
            actor: Actor::System,
            at: now,
        },
        (SubjectKind::Account, account.id.as_uuid()),
        None,
        Some(&rights(account)),
        Some(&rights(&changed(account, resolution))),
    );
    if !entry.after.is_empty() {
        audit::write(deps, tx, &entry).await?;
    }
    if resolution.store_role.is_some() || resolution.open_shop.is_some() {
        // They hear as a shop from now on, or no longer do.
        announce::access_changed(deps, tx, account.id, now).await?;
    }
    if let Some(shop) = resolution.open_shop {
        announce::shop_changed(deps, tx, shop, now).await?;
    }
    Ok(())
}

/// The account as the resolution leaves it.
fn changed(account: &Account, resolution: &Resolution) -> Account {
    let stored = (account.user_type, account.role);
    let (user_type, role) = resolution.store_role.unwrap_or(stored);
    let uid = resolution.link_uid.clone();
    Account {
        user_type,
        role,
        admin_role: resolution.ensure_admin.or(account.admin_role),
        firebase_uid: uid.or_else(|| account.firebase_uid.clone()),
        ..account.clone()
    }
}

fn rights(account: &Account) -> Value {
    json!({
        "userType": account.user_type,
        "role": account.role,
        "adminRole": account.admin_role,
        "firebaseUid": account.firebase_uid,
    })
}

async fn open_shop(
    deps: &Deps,
    tx: &mut Transaction,
    resolution: &Resolution,
    shop: ShopId,
    now: Timestamp,
) -> Result<(), AppError> {
    let before = shops::find_standing(tx, shop).await?;
    shops::open_by_owner(tx, shop, now).await?;
    let after = shops::find_standing(tx, shop).await?;
    let entry = AuditEntry::of_change(
        AuditAction::ShopOpenedByOwner,
        Occasion {
            actor: Actor::of(Some(&resolution.caller)),
            at: now,
        },
        (SubjectKind::Shop, shop.as_uuid()),
        None,
        before.as_ref().map(standing).as_ref(),
        after.as_ref().map(standing).as_ref(),
    );
    audit::write(deps, tx, &entry).await?;
    Ok(())
}

fn standing(shop: &ShopStanding) -> Value {
    json!({"status": shop.status, "verificationState": shop.verification})
}
