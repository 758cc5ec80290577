//! A renderer has stored its outputs: publish the reel, if it is still wanted.

use avvivo_domain::reels::{LIFETIME, ReelError};
use avvivo_postgres::{
    reels::{
        self,
        render::{self, Outputs},
    },
    uploads,
};

use super::{Assignment, LeaseLost};
use crate::{AppError, Deps, announce};

/// Publishes the reel. When the lease is lost, the outputs are put on the list of things to delete.
pub async fn run(
    deps: &Deps,
    assignment: &Assignment,
    outputs: &Outputs,
) -> Result<Result<(), LeaseLost>, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    if !render::set_rendered(&mut tx, assignment.key(), outputs, now).await? {
        uploads::bury(&mut tx, &paths(deps, outputs), now).await?;
        tx.commit().await?;
        return Ok(Err(LeaseLost));
    }
    let reel = reels::find(&mut tx, assignment.reel.id)
        .await?
        .ok_or(ReelError::NotFound)?;
    announce::reel_status(deps, &mut tx, announce::ReelNews::of(&reel), now).await?;
    announce::reel_published(deps, &mut tx, &reel, now).await?;
    // The raw uploads have done their work. They stay for a day, in case somebody wants to know what went in.
    let raw: Vec<String> = assignment
        .sources
        .iter()
        .map(|source| source.path.clone())
        .collect();
    uploads::bury(&mut tx, &raw, now + LIFETIME).await?;
    tx.commit().await?;
    deps.nudge.wake();
    Ok(Ok(()))
}

fn paths(deps: &Deps, outputs: &Outputs) -> Vec<String> {
    let urls = outputs
        .video_url
        .iter()
        .chain(&outputs.photo_urls)
        .chain(&outputs.thumbnail_url);
    urls.filter_map(|url| deps.store.path_of(url))
        .map(|path| path.as_str().to_owned())
        .collect()
}
