//! A platform for tests is looked at, and emptied. Whoever calls has made sure that it is one.

use std::collections::BTreeSet;

use avvivo_domain::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::Caller,
};
use avvivo_postgres::{
    testpanel::{self, Counts},
    uploads,
};
use serde_json::{Value, json};

use crate::{AppError, Deps, announce, audit, shops};

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
    let mut files = Vec::new();
    let ids = testpanel::list_shops(&mut tx).await?;
    for id in &ids {
        if let Some(shop) = shops::lock(&mut tx, *id).await? {
            files.extend(shops::delete(deps, &mut tx, &shop).await?);
            judged.extend(shop.owner);
        }
    }
    judged.extend(testpanel::delete_clients(&mut tx).await?);
    uploads::bury(&mut tx, &files, now).await?;
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
    for shop in ids {
        announce::shop_changed(deps, &mut tx, shop, now).await?;
    }
    Ok(deps.commit(tx).await?)
}

fn told(counts: Counts) -> Value {
    json!({
        "streams": counts.streams,
        "reels": counts.reels,
        "shops": counts.shops,
        "users": counts.accounts,
    })
}
