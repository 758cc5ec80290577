//! Who is the bearer of this token? One query for an account that is settled; writes only when something changed.

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::{AccessError, Account, Caller, Resolution, TokenIdentity, resolve},
    shops::{Shop, transitions::open_by_owner},
};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{
    Transaction, accounts,
    shops::{lists, write},
};
use serde_json::{Value, json};

use crate::{AppError, Deps, announce, audit};

/// Looks again after creating the account, and once more when another request won that race or the account was given another
/// shop.
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
                if let Some(caller) = settle(deps, token, resolution, now).await? {
                    return Ok(caller);
                }
            }
            Err(new) => accounts::ensure(&mut conn, deps.ids.uuid().into(), &new, now).await?,
        }
    }
    Err(AccessError::Anonymous.into())
}

/// None when what is to be opened is another shop by now, which is not locked.
async fn settle(
    deps: &Deps,
    token: &TokenIdentity,
    found: Resolution,
    now: Timestamp,
) -> Result<Option<Caller>, AppError> {
    let mut tx = deps.db.begin().await?;
    if !found.changes_rights() {
        accounts::settle(&mut tx, &found, now).await?;
        deps.commit(tx).await?;
        return Ok(Some(found.caller));
    }
    // A shop is locked before its owner's account, as by everybody who changes one.
    let shop = match found.open_shop {
        Some(shop) => lists::find_for_update(&mut tx, shop).await?,
        None => None,
    };
    // Of requests that come at once, one changes them and writes it down; the others find it done.
    let account = accounts::find_for_update(&mut tx, found.account_id()).await?;
    let account = account.ok_or(AccessError::Anonymous)?;
    let again = resolve(token, Some(&account), &deps.policy.admin_emails, now)?;
    let resolution = again.map_err(|_| AccessError::Anonymous)?;
    let opens = match (resolution.open_shop, &shop) {
        (None, _) => None,
        (Some(id), Some(shop)) if shop.id == id => {
            open_by_owner(shop, &resolution.caller.email, now).map(|after| (shop, after))
        }
        (Some(_), _) => return Ok(None),
    };
    accounts::settle(&mut tx, &resolution, now).await?;
    if let Some((before, after)) = &opens {
        write::save(&mut tx, before, after).await?;
        write_down_opening(deps, &mut tx, &resolution, (before, after), now).await?;
    }
    follow(deps, &mut tx, &account, &resolution, now).await?;
    deps.commit(tx).await?;
    Ok(Some(resolution.caller))
}

/// Writes down what changed of somebody's rights, and tells who has to know.
async fn follow(
    deps: &Deps,
    tx: &mut Transaction,
    account: &Account,
    resolution: &Resolution,
    now: Timestamp,
) -> Result<(), AppError> {
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
    if resolution.changes_rights() {
        // They hear as somebody else from now on; who was linked to the account before hears nothing.
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

async fn write_down_opening(
    deps: &Deps,
    tx: &mut Transaction,
    resolution: &Resolution,
    (before, after): (&Shop, &Shop),
    now: Timestamp,
) -> Result<(), AppError> {
    let entry = AuditEntry::of_change(
        AuditAction::ShopOpenedByOwner,
        Occasion {
            actor: Actor::of(Some(&resolution.caller)),
            at: now,
        },
        (SubjectKind::Shop, after.id.as_uuid()),
        None,
        Some(before),
        Some(after),
    );
    audit::write(deps, tx, &entry).await?;
    Ok(())
}
