//! Deleting a reel. Its files are deleted later, by the upkeep; the quota it cost stays spent.

use avvivo_domain::{identity::Caller, reels::ReelError};
use avvivo_kernel::ReelId;
use avvivo_postgres::{
    reels::{self, ReelWithShop, lists},
    uploads,
};

use crate::{AppError, Deps, announce};

/// Deletes a reel and answers what it was.
pub async fn run(deps: &Deps, caller: &Caller, id: ReelId) -> Result<ReelWithShop, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let reel = reels::find_for_update(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    caller.must_own(reel.shop_id)?;
    let deleted = lists::find_with_shop(&mut tx, id)
        .await?
        .ok_or(ReelError::NotFound)?;
    let urls = reel
        .video_url
        .iter()
        .chain(&reel.photo_urls)
        .chain(&reel.thumbnail_url);
    let mut paths: Vec<String> = urls
        .filter_map(|url| deps.store.path_of(url))
        .map(|path| path.as_str().to_owned())
        .collect();
    paths.extend(
        reels::list_sources(&mut tx, id)
            .await?
            .into_iter()
            .map(|source| source.path),
    );
    reels::delete(&mut tx, id, now).await?;
    uploads::bury(&mut tx, &paths, now).await?;
    if reel.is_public_at(now) {
        announce::reel_withdrawn(deps, &mut tx, (id, reel.shop_id), now).await?;
    }
    deps.commit(tx).await?;
    Ok(deleted)
}
