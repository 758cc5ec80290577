//! An administrator puts a reel back.

use avvivo_domain::reels::{ReelError, ReelStatus, visibility::reactivate};
use avvivo_kernel::ReelId;
use avvivo_postgres::reels::{self, ReelWithShop, lists};

use crate::{AppError, Deps, announce};

/// Reactivates a reel. Doing it again changes nothing but is announced again.
pub async fn run(deps: &Deps, id: ReelId) -> Result<ReelWithShop, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let reel = reels::find_for_update(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    let reactivated = reactivate(&reel, now)?;
    reels::set_active(&mut tx, id, reactivated.expires_at).await?;
    let news = announce::ReelNews {
        status: ReelStatus::Active,
        ..announce::ReelNews::of(&reel)
    };
    announce::reel_status(deps, &mut tx, news, now).await?;
    let back = lists::find_with_shop(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    announce::reel_published(deps, &mut tx, &back.reel, now).await?;
    deps.commit(tx).await?;
    Ok(back)
}
