//! An administrator resets the password of a shop's owner.

use avvivo_domain::{
    audit::AuditAction,
    identity::{Caller, Email},
    shops::{Shop, ShopError},
};
use avvivo_kernel::ShopId;
use avvivo_ports::IdentityError;
use avvivo_postgres::shops::lists;
use secrecy::{ExposeSecret as _, SecretString};

use super::{change::Change, owners_address};
use crate::{
    AppError, Deps,
    mailing::{Letter, Posted},
};

/// What the administrator hands on.
#[derive(Debug)]
pub struct Reset {
    /// Sets a new password.
    pub link: SecretString,
    /// Whether it is mailed to the owner, too.
    pub email_sent: bool,
}

/// Asks again when the shop's address changed while it was asked.
const LOOKS: usize = 2;

/// Makes a link that sets a new password, which is mailed to the shop's address as well. The identity provider is asked
/// before anything is locked or written: without a link there is nothing to write down. If the shop has another address by
/// then, it is asked for that one.
pub async fn run(deps: &Deps, admin: &Caller, id: ShopId) -> Result<Reset, AppError> {
    if !deps.policy.outside.people {
        return Err(IdentityError::NotConfigured.into());
    }
    let mut to = address(deps, id).await?;
    for _ in 0..LOOKS {
        let link = ask(deps, &to).await?;
        let (change, shop) = Change::of(deps, admin, id).await?;
        let current = owners_address(&shop)?;
        if current == to {
            return hand_on(change, &shop, &to, link).await;
        }
        to = current;
    }
    Err(ShopError::AddressChanged.into())
}

async fn address(deps: &Deps, id: ShopId) -> Result<Email, AppError> {
    let mut conn = deps.db.acquire().await?;
    let found = lists::find(&mut conn, id).await?;
    let shop = found.ok_or(ShopError::NotFound)?.shop;
    Ok(owners_address(&shop)?)
}

async fn ask(deps: &Deps, to: &Email) -> Result<SecretString, AppError> {
    let next = deps.policy.outside.reset_url("shop_reset");
    deps.people.ensure_user(to.as_str(), None).await?;
    Ok(deps.people.password_reset_link(to.as_str(), &next).await?)
}

async fn hand_on(
    mut change: Change<'_>,
    shop: &Shop,
    to: &Email,
    link: SecretString,
) -> Result<Reset, AppError> {
    change
        .record(AuditAction::PasswordReset, (Some(shop), Some(shop)), None)
        .await?;
    let letter = Letter::ResetShopPassword {
        link: link.expose_secret().to_owned(),
    };
    let posted = change.mail(to.as_str(), letter).await?;
    change.commit().await?;
    Ok(Reset {
        link,
        email_sent: posted == Posted::Queued,
    })
}
