//! How far audiences are.

use std::collections::HashMap;

use avvivo_postgres::history;

use crate::{AppError, Deps};

/// The number of the last event of each audience that has one.
pub async fn run(deps: &Deps, audiences: &[String]) -> Result<HashMap<String, u64>, AppError> {
    if audiences.is_empty() {
        return Ok(HashMap::new());
    }
    let mut conn = deps.db.acquire().await?;
    Ok(history::heads(&mut conn, audiences).await?)
}
