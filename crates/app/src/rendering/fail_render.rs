//! A rendering failed: free the reel for another attempt, or give it up.

use avvivo_domain::reels::{
    RenderFailure, Stage,
    render::{Failed, FaultClass, fail},
};
use avvivo_postgres::reels::{self, render};

use super::{Assignment, LeaseLost};
use crate::{AppError, Deps, announce, reels::give_up};

/// What follows from the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt.
    TryAgain,
    /// The end.
    GivenUp,
}

/// Records the failure of an attempt.
pub async fn run(
    deps: &Deps,
    assignment: &Assignment,
    class: FaultClass,
    failure: RenderFailure,
) -> Result<Result<Verdict, LeaseLost>, AppError> {
    let now = deps.now();
    let (id, token) = assignment.key();
    let mut tx = deps.db.begin().await?;
    let held = reels::find_for_update(&mut tx, id).await?.filter(|reel| {
        reel.render
            .lease
            .as_ref()
            .is_some_and(|lease| lease.token == token)
    });
    let Some(reel) = held else {
        return Ok(Err(LeaseLost));
    };
    let verdict = match fail(assignment.attempt, class, failure) {
        Failed::GivenUp(failure) => {
            give_up(deps, &mut tx, &reel, &failure, now).await?;
            Verdict::GivenUp
        }
        Failed::TryAgain(failure) => {
            render::set_failed_once(&mut tx, (id, token), &failure, now).await?;
            let news = announce::ReelNews {
                stage: Some(Stage::Error),
                progress: 0,
                failure: Some(&failure),
                ..announce::ReelNews::of(&reel)
            };
            announce::reel_status(deps, &mut tx, news, now).await?;
            Verdict::TryAgain
        }
    };
    deps.commit(tx).await?;
    Ok(Ok(verdict))
}
