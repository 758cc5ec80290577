//! A buyer keeps a shop, in whatever state it is.

use avvivo_domain::clients::ClientError;
use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::favorites;

use super::MAX_IDS;
use crate::{AppError, Deps};

/// The shops they keep afterwards, the newest first.
pub async fn run(deps: &Deps, account: AccountId, shop: ShopId) -> Result<Vec<ShopId>, AppError> {
    let mut conn = deps.db.acquire().await?;
    if !favorites::add(&mut conn, account, shop, deps.now()).await? {
        return Err(ClientError::ShopNotFound.into());
    }
    Ok(favorites::list_ids(&mut conn, account, MAX_IDS).await?)
}
