//! Taking a reel down. A renderer that is at it finds its lease gone and publishes nothing.

use avvivo_domain::{
    identity::Caller,
    reels::{
        ReelError, ReelStatus,
        visibility::{Hide, hide},
    },
};
use avvivo_kernel::ReelId;
use avvivo_postgres::reels::{self, ReelWithShop, lists};

use crate::{AppError, Deps, announce, reels::bury_sources};

/// Hides a reel. Hiding it again changes nothing.
pub async fn run(deps: &Deps, caller: &Caller, id: ReelId) -> Result<ReelWithShop, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let reel = reels::find_for_update(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    caller.must_own(reel.shop_id)?;
    let decision = hide(&reel, now);
    if decision != Hide::Nothing {
        reels::set_hidden(&mut tx, id).await?;
        if reel.render.rendered_at.is_none() {
            bury_sources(deps, &mut tx, id, now).await?;
        }
        let news = announce::ReelNews {
            status: ReelStatus::Hidden,
            ..announce::ReelNews::of(&reel)
        };
        announce::reel_status(deps, &mut tx, news, now).await?;
    }
    if decision == Hide::AndWithdraw {
        announce::reel_withdrawn(deps, &mut tx, (id, reel.shop_id), now).await?;
    }
    let hidden = lists::find_with_shop(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    deps.commit(tx).await?;
    Ok(hidden)
}
