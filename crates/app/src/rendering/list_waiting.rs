//! What waits for a renderer, for one that is started by hand and not by the queue.

use avvivo_kernel::ReelId;
use avvivo_postgres::reels::render;

use crate::{AppError, Deps};

/// A reel that nobody renders now, with the version of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which reel.
    pub reel: ReelId,
    /// What to claim it with.
    pub version: u32,
}

/// The oldest `limit` reels that wait.
pub async fn run(deps: &Deps, limit: u32) -> Result<Vec<Waiting>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let waiting = render::list_waiting(&mut conn, deps.now(), i64::from(limit)).await?;
    Ok(waiting
        .into_iter()
        .map(|(reel, version)| Waiting { reel, version })
        .collect())
}
