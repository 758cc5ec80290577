//! A buyer signed in, as the identity provider knows them.

use avvivo_domain::clients::{Client, Greeting};
use avvivo_kernel::AccountId;

use super::edit_profile;
use crate::{AppError, Deps};

/// Fills in what is empty of their profile, which begins with it.
pub async fn run(deps: &Deps, account: AccountId, greeting: Greeting) -> Result<Client, AppError> {
    let now = deps.now();
    let profile =
        edit_profile::change(deps, account, now, |client| greeting.apply(client, now)).await?;
    Ok(profile.client)
}
