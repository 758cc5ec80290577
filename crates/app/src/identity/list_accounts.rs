//! Accounts, for administrators.

use avvivo_postgres::accounts::directory::{self, ListedAccount};

use crate::{AppError, Deps};

/// The newest accounts.
pub async fn run(deps: &Deps, limit: i64) -> Result<Vec<ListedAccount>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(directory::list(&mut conn, limit).await?)
}
