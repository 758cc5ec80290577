//! A platform for tests is looked at, and emptied. Whoever calls has made sure that it is one.

use std::collections::BTreeSet;

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::Caller,
};
use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::{
    Transaction,
    shops::{lists, write},
    testpanel::{self, Counts},
    wallets,
};
use serde_json::{Value, json};

use crate::{AppError, Deps, announce, audit, shops::bury_files};

/// How much there is.
pub async fn count(deps: &Deps) -> Result<Counts, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(testpanel::count(&mut conn).await?)
}

/// Throws away all shops with all that is theirs, what people were told and said, and everybody who only buys: all of it in
/// one commit, or nothing. Owners stay, without a shop; files are deleted later.
pub async fn reset(deps: &Deps, admin: &Caller) -> Result<(), AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let before = testpanel::count(&mut tx).await?;
    let mut judged = BTreeSet::new();
    let shops = testpanel::list_shops(&mut tx).await?;
    for shop in &shops {
        judged.extend(delete_shop(deps, &mut tx, *shop).await?);
    }
    judged.extend(testpanel::delete_clients(&mut tx).await?);
    let after = testpanel::count(&mut tx).await?;
    let occasion = Occasion {
        actor: Actor::of(Some(admin)),
        at: now,
    };
    let entry = AuditEntry::of_change(
        AuditAction::TestDataReset,
        occasion,
        (SubjectKind::Account, admin.account_id.as_uuid()),
        None,
        Some(&told(before)),
        Some(&told(after)),
    );
    audit::write(deps, &mut tx, &entry).await?;
    for account in judged {
        announce::access_changed(deps, &mut tx, account, now).await?;
    }
    for shop in shops {
        announce::shop_changed(deps, &mut tx, shop, now).await?;
    }
    Ok(deps.commit(tx).await?)
}

/// Deletes a shop and answers whose it was. Locks are taken as by everybody else: its reels and the wallet first.
async fn delete_shop(
    deps: &Deps,
    tx: &mut Transaction,
    id: ShopId,
) -> Result<Option<AccountId>, AppError> {
    write::lock_reels(tx, id).await?;
    wallets::lock(tx, id).await?;
    let Some(shop) = lists::find_for_update(tx, id).await? else {
        return Ok(None);
    };
    bury_files(deps, tx, &shop).await?;
    write::delete(tx, id).await?;
    Ok(shop.owner)
}

fn told(counts: Counts) -> Value {
    json!({
        "streams": counts.streams,
        "reels": counts.reels,
        "shops": counts.shops,
        "users": counts.accounts,
    })
}
