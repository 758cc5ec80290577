//! Giving a shop to somebody who has signed in.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::{Shop, owner::assign},
};
use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::shops::owners::Named;

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
) -> Result<Shop, AppError> {
    let (mut change, before) = Change::of(deps, admin, id).await?;
    let found = find(&mut change, nominee).await?;
    let (account, owns) = found.unzip();
    let previous = match before.owner {
        Some(owner) => change.account(Named::Id(owner)).await?,
        None => None,
    };
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
    change.commit().await?;
    Ok(assigned.shop)
}

async fn find(
    change: &mut Change<'_>,
    nominee: &Nominee,
) -> Result<Option<(avvivo_domain::shops::owner::OwnerAccount, Option<ShopId>)>, AppError> {
    if let Some(id) = nominee.account {
        let found = change.account(Named::Id(id)).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    match &nominee.email {
        Some(email) => change.account(Named::Email(email)).await,
        None => Ok(None),
    }
}
