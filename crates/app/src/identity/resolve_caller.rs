//! Who is the bearer of this token? One query for an account that is settled; writes only when something changed.

use avvivo_domain::identity::{AccessError, Caller, Resolution, TokenIdentity, resolve};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{accounts, shops};

use crate::{AppError, Deps, announce};

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
                settle(deps, &resolution, now).await?;
                return Ok(resolution.caller);
            }
            Err(new) => accounts::ensure(&mut conn, deps.ids.uuid().into(), &new, now).await?,
        }
    }
    Err(AccessError::Anonymous.into())
}

async fn settle(deps: &Deps, resolution: &Resolution, now: Timestamp) -> Result<(), AppError> {
    let mut tx = deps.db.begin().await?;
    accounts::settle(&mut tx, resolution, now).await?;
    if let Some(shop) = resolution.open_shop {
        shops::open_by_owner(&mut tx, shop, now).await?;
    }
    if resolution.store_role.is_some() || resolution.open_shop.is_some() {
        // They hear as a shop from now on, or no longer do.
        announce::access_changed(deps, &mut tx, resolution.account_id(), now).await?;
    }
    deps.commit(tx).await?;
    Ok(())
}
