//! How much rendering there is to do.

use std::time::Duration;

use avvivo_postgres::reels::render;

use crate::{AppError, Deps};

/// Reels that wait or are being rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub reels: u64,
    /// How long the oldest has been waiting to be published.
    pub oldest: Duration,
}

/// Measures it.
pub async fn run(deps: &Deps) -> Result<Backlog, AppError> {
    let mut conn = deps.db.acquire().await?;
    let (reels, oldest_seconds) = render::backlog(&mut conn, deps.now()).await?;
    Ok(Backlog {
        reels: u64::try_from(reels).unwrap_or_default(),
        oldest: Duration::from_secs(u64::try_from(oldest_seconds).unwrap_or_default()),
    })
}
