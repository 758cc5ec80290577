//! Suspends an account, or reinstates it.

use avvivo_domain::identity::AccountStatus;
use avvivo_kernel::AccountId;
use avvivo_postgres::accounts;

use crate::{AppError, Deps, announce};

/// From the commit on the account is what it is said to be; streams that it has open end when gateways hear of it. Whether
/// that was news.
pub async fn run(deps: &Deps, account: AccountId, status: AccountStatus) -> Result<bool, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let changed = accounts::set_status(&mut tx, account, status).await?;
    if changed {
        announce::access_changed(deps, &mut tx, account, now).await?;
    }
    deps.commit(tx).await?;
    Ok(changed)
}
