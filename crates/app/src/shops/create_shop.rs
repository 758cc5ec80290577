//! An administrator makes a shop.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::{
        ShopError,
        create::{Created, NewShop, create},
    },
};
use avvivo_kernel::ShopId;
use avvivo_postgres::{
    shops::{ListedShop, intake, owners::Named, write},
    wallets,
};

use super::{change::Change, refused};
use crate::{AppError, Deps, mailing::Letter};

/// Looks once more when somebody signed in with the shop's e-mail meanwhile.
const LOOKS: usize = 2;

/// Makes a shop, with its owner's account and its wallet.
pub async fn run(deps: &Deps, admin: &Caller, request: NewShop) -> Result<ListedShop, AppError> {
    let id = request.id.unwrap_or_else(|| deps.ids.uuid().into());
    let mut change = Change::begin(deps, Some(admin)).await?;
    for _ in 0..LOOKS {
        let created = decide(&mut change, request.clone(), id).await?;
        if let Some(shop) = change.settle_owner(&created.shop, &created.owner).await? {
            write::insert(&mut change.tx, &shop)
                .await
                .map_err(refused)?;
            wallets::save(&mut change.tx, id, &created.wallet).await?;
            change
                .record(AuditAction::ShopCreated, (None, Some(&shop)), None)
                .await?;
            change.find_place(None, &shop).await?;
            if let Some(owner) = &created.invite {
                change.mail(owner.as_str(), Letter::ShopInvite).await?;
            }
            return change.commit_and_show(shop).await;
        }
    }
    Err(ShopError::EmailTaken.into())
}

async fn decide(
    change: &mut Change<'_>,
    request: NewShop,
    id: ShopId,
) -> Result<Created, AppError> {
    let account = match &request.email {
        Some(email) => change.account(Named::Email(email.as_str())).await?,
        None => None,
    };
    let account = account.map(|(account, owns)| (account, owns.is_some()));
    let taken = intake::taken_slugs(&mut change.tx, &request.slug_base(id)).await?;
    Ok(create(request, id, account, &taken, change.now)?)
}
