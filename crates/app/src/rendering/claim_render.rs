//! A renderer was handed a job: may it go ahead?

use avvivo_domain::reels::{
    Stage,
    render::{Claim, claim, exhausted},
};
use avvivo_kernel::{ReelId, Timestamp};
use avvivo_postgres::reels::{self, render};

use super::Assignment;
use crate::{AppError, Deps, announce, reels::give_up};

/// What the renderer is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Go ahead.
    Go(Box<Assignment>),
    /// There is nothing to do; the job is done with.
    NothingToDo,
    /// Somebody else is at it; ask again later.
    Busy {
        /// Until when, at the least.
        until: Timestamp,
    },
}

/// Takes the lease of a reel for a job of `version`.
pub async fn run(deps: &Deps, id: ReelId, version: u32) -> Result<Answer, AppError> {
    let now = deps.now();
    let mut tx = deps.db.begin().await?;
    let Some(reel) = reels::find_for_update(&mut tx, id).await? else {
        return Ok(Answer::NothingToDo);
    };
    let answer = match claim(&reel, version, deps.ids.uuid().into(), now) {
        Claim::NothingToDo => return Ok(Answer::NothingToDo),
        Claim::Busy { until } => return Ok(Answer::Busy { until }),
        Claim::Exhausted => {
            give_up(deps, &mut tx, &reel, &exhausted(), now).await?;
            Answer::NothingToDo
        }
        Claim::Granted { lease, attempt } => {
            render::set_claimed(&mut tx, id, &lease, attempt).await?;
            let news = announce::ReelNews {
                stage: Some(Stage::Claimed),
                progress: 0,
                failure: None,
                ..announce::ReelNews::of(&reel)
            };
            announce::reel_status(deps, &mut tx, news, now).await?;
            let sources = reels::list_sources(&mut tx, id).await?;
            Answer::Go(Box::new(Assignment {
                reel,
                sources,
                lease,
                attempt,
            }))
        }
    };
    deps.commit(tx).await?;
    Ok(answer)
}
