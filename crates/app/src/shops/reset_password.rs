//! An administrator resets the password of a shop's owner.

use avvivo_domain::{audit::AuditAction, identity::Caller, shops::ShopError};
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

/// Makes a link that sets a new password, which is mailed to the shop's address as well. The identity provider is asked
/// before anything is written: without a link there is nothing to write down.
pub async fn run(deps: &Deps, admin: &Caller, id: ShopId) -> Result<Reset, AppError> {
    if !deps.policy.outside.people {
        return Err(IdentityError::NotConfigured.into());
    }
    let mut conn = deps.db.acquire().await?;
    let shop = lists::find(&mut conn, id).await?;
    drop(conn);
    let to = owners_address(&shop.ok_or(ShopError::NotFound)?.shop)?;
    let next = deps.policy.outside.reset_url("shop_reset");
    deps.people.ensure_user(to.as_str(), None).await?;
    let link = deps.people.password_reset_link(to.as_str(), &next).await?;

    let (mut change, shop) = Change::of(deps, admin, id).await?;
    change
        .record(AuditAction::PasswordReset, (Some(&shop), Some(&shop)), None)
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
