//! A buyer keeps a shop no longer.

use avvivo_kernel::{AccountId, ShopId};
use avvivo_postgres::favorites;

use super::MAX_IDS;
use crate::{AppError, Deps};

/// The shops they keep afterwards, the newest first. What cannot be a shop was never kept.
pub async fn run(
    deps: &Deps,
    account: AccountId,
    shop: Option<ShopId>,
) -> Result<Vec<ShopId>, AppError> {
    let mut conn = deps.db.acquire().await?;
    if let Some(shop) = shop {
        favorites::remove(&mut conn, account, shop).await?;
    }
    Ok(favorites::list_ids(&mut conn, account, MAX_IDS).await?)
}
