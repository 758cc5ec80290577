//! A buyer changes their profile.

use avvivo_domain::{
    clients::{Client, ClientError, ProfilePatch},
    identity::AccessError,
};
use avvivo_kernel::{AccountId, Timestamp};
use avvivo_postgres::{
    DbError,
    clients::{self, Profile},
};

use crate::{AppError, Deps};

/// Changes what the patch names. The profile begins with it.
pub async fn run(
    deps: &Deps,
    account: AccountId,
    patch: ProfilePatch,
) -> Result<Profile, AppError> {
    let now = deps.now();
    change(deps, account, now, |client| patch.apply(client, now)).await
}

/// Changes a profile that nobody else changes meanwhile.
pub(super) async fn change(
    deps: &Deps,
    account: AccountId,
    now: Timestamp,
    apply: impl FnOnce(Client) -> Client,
) -> Result<Profile, AppError> {
    let mut tx = deps.db.begin().await?;
    clients::ensure(&mut tx, account, now).await?;
    let profile = clients::find_for_update(&mut tx, account).await?;
    let profile = profile.ok_or(AccessError::Anonymous)?;
    let client = apply(profile.client);
    clients::save(&mut tx, &client).await.map_err(refused)?;
    deps.commit(tx).await?;
    Ok(Profile { client, ..profile })
}

fn refused(error: DbError) -> AppError {
    if error.violates(clients::USERNAME_KEY) {
        ClientError::UsernameTaken.into()
    } else {
        error.into()
    }
}
