//! A renderer is still at it: the lease is lengthened, and now and then the shop is told how far it is.

use avvivo_domain::reels::{Stage, render::LEASE_TTL};
use avvivo_postgres::reels::render;

use super::{Assignment, LeaseLost};
use crate::{AppError, Deps, announce};

/// Lengthens the lease.
pub async fn renew(
    deps: &Deps,
    assignment: &Assignment,
) -> Result<Result<(), LeaseLost>, AppError> {
    let (id, token) = assignment.key();
    let mut conn = deps.db.acquire().await?;
    let held = render::renew(&mut conn, id, token, deps.now() + LEASE_TTL).await?;
    Ok(if held { Ok(()) } else { Err(LeaseLost) })
}

/// Stores and announces how far the rendering is, and lengthens the lease by the way.
pub async fn report_progress(
    deps: &Deps,
    assignment: &Assignment,
    stage: Stage,
    progress: u8,
) -> Result<Result<(), LeaseLost>, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let until = now + LEASE_TTL;
    if !render::set_progress(&mut tx, assignment.key(), stage, progress, until).await? {
        return Ok(Err(LeaseLost));
    }
    let news = announce::ReelNews {
        stage: Some(stage),
        progress,
        failure: None,
        ..announce::ReelNews::of(&assignment.reel)
    };
    announce::reel_status(deps, &mut tx, news, now).await?;
    deps.commit(tx).await?;
    Ok(Ok(()))
}

/// Gives the lease back because the renderer is going away on purpose; the attempt does not count.
pub async fn give_back(deps: &Deps, assignment: &Assignment) -> Result<(), AppError> {
    let mut conn = deps.db.acquire().await?;
    render::give_back(&mut conn, assignment.key()).await?;
    Ok(())
}
