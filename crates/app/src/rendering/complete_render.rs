//! A renderer has stored its outputs: publish the reel, if it is still wanted.

use avvivo_domain::reels::{LIFETIME, Reel, ReelError};
use avvivo_postgres::{
    reels::{
        self,
        render::{self, Outputs},
    },
    uploads,
};

use super::{Assignment, LeaseLost};
use crate::{AppError, Deps, announce};

/// Publishes the reel, and takes its outputs off the list of things to delete. When the lease is lost, they are put on it.
///
/// Publishing the same outputs again changes nothing: a renderer that never heard of its commit may ask twice.
pub async fn run(
    deps: &Deps,
    assignment: &Assignment,
    outputs: &Outputs,
) -> Result<Result<(), LeaseLost>, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let output_paths = paths(deps, outputs);
    if !render::set_rendered(&mut tx, assignment.key(), outputs, now).await? {
        let reel = reels::find(&mut tx, assignment.reel.id).await?;
        if reel.is_some_and(|reel| shows(&reel, outputs)) {
            return Ok(Ok(()));
        }
        uploads::bury(&mut tx, &output_paths, now).await?;
        tx.commit().await?;
        return Ok(Err(LeaseLost));
    }
    uploads::remove_tombstones(&mut tx, &output_paths).await?;
    // The raw uploads have done their work. They stay for a day, in case somebody wants to know what went in. Files come
    // before audiences, as in every use case that locks both.
    let raw: Vec<String> = assignment
        .sources
        .iter()
        .map(|source| source.path.clone())
        .collect();
    uploads::bury(&mut tx, &raw, now + LIFETIME).await?;
    let reel = reels::find(&mut tx, assignment.reel.id)
        .await?
        .ok_or(ReelError::NotFound)?;
    announce::reel_status(deps, &mut tx, announce::ReelNews::of(&reel), now).await?;
    announce::reel_published(deps, &mut tx, &reel, now).await?;
    deps.commit(tx).await?;
    Ok(Ok(()))
}

/// Whether these very outputs are what the reel is made of.
fn shows(reel: &Reel, outputs: &Outputs) -> bool {
    reel.render.rendered_at.is_some()
        && reel.video_url == outputs.video_url
        && reel.photo_urls == outputs.photo_urls
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
