//! Somebody saw a reel.

use avvivo_domain::{identity::Caller, reels::ReelError};
use avvivo_kernel::ReelId;
use avvivo_postgres::views::{self, Recorded};

use crate::{AppError, Deps};

/// Counts the caller's first view of a reel; later ones are answered with the first.
pub async fn run(deps: &Deps, caller: &Caller, id: ReelId) -> Result<Recorded, AppError> {
    let mut conn = deps.db.acquire().await?;
    let view = deps.ids.uuid();
    match views::record(&mut conn, view, (id, caller.account_id), deps.now()).await? {
        Recorded::NoSuchReel => Err(ReelError::NotFound.into()),
        recorded => Ok(recorded),
    }
}
