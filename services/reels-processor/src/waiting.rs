//! `--once`: renders what waits, and ends. For Cloud Run Jobs, and for whoever wants the queue's work done without a queue.

use avvivo_app::{
    AppError, Deps,
    rendering::list_waiting::{self, Waiting},
};
use avvivo_service_kit::Lifecycle;
use tokio::task::{JoinError, JoinSet};

use crate::renderer::{Outcome, RenderJob, Renderer};

/// Why a run did not do all there was to do.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// What waits could not be found out.
    #[error("the waiting reels cannot be listed")]
    List(#[from] AppError),
    /// Some reels have to be tried again.
    #[error("{left} of {taken} reels have to be tried again")]
    Left {
        /// How many are left.
        left: usize,
        /// How many were taken.
        taken: usize,
    },
}

/// Renders up to `batch` reels, `places` at once, and then ends the service.
///
/// Reels that are given up count as done: their shops know why, and no other run would end differently.
pub(crate) async fn render_waiting(
    deps: Deps,
    renderer: Renderer,
    (batch, places): (u32, usize),
    lifecycle: Lifecycle,
) -> Result<(), OnceError> {
    let done = run(&deps, &renderer, batch, places).await;
    lifecycle.stop();
    done
}

async fn run(deps: &Deps, renderer: &Renderer, batch: u32, places: usize) -> Result<(), OnceError> {
    let waiting = list_waiting::run(deps, batch).await?;
    let taken = waiting.len();
    tracing::info!(reels = taken, "rendering what waits");
    let mut left = 0;
    let mut under_way = JoinSet::new();
    for one in waiting {
        // A task for each place, so that none is turned away.
        if under_way.len() >= places {
            left += under_way
                .join_next()
                .await
                .map_or(0, |ended| left_over(&ended));
        }
        let renderer = renderer.clone();
        under_way.spawn(async move { renderer.render(job(one)).await });
    }
    while let Some(ended) = under_way.join_next().await {
        left += left_over(&ended);
    }
    if left > 0 {
        return Err(OnceError::Left { left, taken });
    }
    Ok(())
}

fn job(waiting: Waiting) -> RenderJob {
    RenderJob {
        reel: waiting.reel,
        version: waiting.version,
        traceparent: None,
    }
}

/// How many reels this end leaves to be tried again: one, or none. Somebody else's work is not left undone.
fn left_over(ended: &Result<Outcome, JoinError>) -> usize {
    let Ok(outcome) = ended else { return 1 };
    match outcome {
        Outcome::Published
        | Outcome::GivenUp
        | Outcome::NothingToDo
        | Outcome::LeaseLost
        | Outcome::Busy { .. } => 0,
        Outcome::Crowded | Outcome::TryAgain { .. } | Outcome::Stopping => 1,
    }
}
