//! Giving a shop to somebody who has signed in.

use std::collections::{BTreeMap, BTreeSet};

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::owner::{OwnerAccount, assign},
};
use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::shops::{
    ListedShop,
    owners::{self, Named},
};
use uuid::Uuid;

use super::change::Change;
use crate::{AppError, Deps};

/// Who is to own it: by id, else by e-mail.
#[derive(Debug, Clone, Default)]
pub struct Nominee {
    /// The account.
    pub account: Option<AccountId>,
    /// Its address, lower case.
    pub email: Option<String>,
}

/// Gives the shop to the nominee. Who had it is released.
pub async fn run(
    deps: &Deps,
    admin: &Caller,
    id: ShopId,
    nominee: &Nominee,
) -> Result<ListedShop, AppError> {
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let named = find(&mut change, nominee).await?;
    let mut accounts = lock(&mut change, [named, before.owner]).await?;
    let found = named.and_then(|id| accounts.remove(&id.as_uuid()));
    let (account, owns) = found.unzip();
    let previous = before.owner.and_then(|id| accounts.remove(&id.as_uuid()));
    let previous = previous.map(|(previous, _)| previous);
    let assigned = assign(&before, account, owns.flatten(), previous)?;
    change
        .save((&before, &assigned.shop), AuditAction::OwnerAssigned, None)
        .await?;
    for (before, after) in [
        (account, Some(assigned.owner)),
        (previous, assigned.released),
    ] {
        if let (Some(before), Some(after)) = (before, after) {
            change.save_account(before, after).await?;
        }
    }
    change.commit_and_show(assigned.shop).await
}

/// Whose account is meant.
async fn find(change: &mut Change<'_>, nominee: &Nominee) -> Result<Option<AccountId>, AppError> {
    let mut found = None;
    if let Some(id) = nominee.account {
        found = owners::find_id(&mut change.tx, Named::Id(id)).await?;
    }
    if let (None, Some(email)) = (found, &nominee.email) {
        found = owners::find_id(&mut change.tx, Named::Email(email)).await?;
    }
    Ok(found)
}

/// Accounts, locked in the order of their ids: somebody may be giving a shop the other way.
async fn lock(
    change: &mut Change<'_>,
    accounts: [Option<AccountId>; 2],
) -> Result<BTreeMap<Uuid, (OwnerAccount, Option<ShopId>)>, AppError> {
    let ids: BTreeSet<Uuid> = accounts
        .into_iter()
        .flatten()
        .map(AccountId::as_uuid)
        .collect();
    let mut locked = BTreeMap::new();
    for id in ids {
        if let Some(found) = change.account(Named::Id(id.into())).await? {
            locked.insert(id, found);
        }
    }
    Ok(locked)
}
