//! One claimed reel, from its sources to its publication.
//!
//! Two halves run side by side in one task: one works ([`Bench`]), the other watches ([`Watch`]). When the watch says
//! stop, the work is cancelled and awaited, so no process and no file outlives the attempt. What is written at the end
//! follows from both.

mod fault;
mod outputs;
mod photos;
mod progress;
mod report;
mod sources;
mod video;
mod watch;

use std::{path::Path, sync::Arc, time::Duration};

use avvivo_app::{
    AppError, Deps,
    rendering::{Assignment, LeaseLost, complete_render, fail_render, keep_lease},
};
use avvivo_domain::reels::ReelType;
use avvivo_kernel::Fault as _;
use avvivo_media::Transcoder;
use avvivo_postgres::reels::render::Outputs;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{meters::Meters, renderer::Outcome, scratch::Scratch};
pub(crate) use fault::{RenderFault, chain};
use progress::Progress;
use watch::{ATTEMPT_LIMIT, Verdict, Watch};

/// Pauses between tries to publish: a database that restarts is back within them, and the lease outlasts them.
const PUBLISH_PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// What every attempt works with.
pub(crate) struct Studio {
    pub(crate) deps: Deps,
    pub(crate) transcoder: Transcoder,
    pub(crate) scratch: Arc<Scratch>,
    pub(crate) download_timeout: Duration,
    pub(crate) meters: Meters,
    /// Fires when what is still being rendered has to be given back.
    pub(crate) cancelled: CancellationToken,
}

/// What one attempt works with.
struct Bench<'a> {
    studio: &'a Studio,
    assignment: &'a Assignment,
    /// A folder of its own.
    folder: &'a Path,
    progress: Progress,
    /// Fires when the work has to stop.
    cancel: CancellationToken,
}

/// What came of the work: stored, but not published.
struct Product {
    outputs: Outputs,
    /// Time spent rendering.
    elapsed: Duration,
    /// The length of what was rendered, for those that have one.
    media_time: Option<Duration>,
}

impl Studio {
    /// Sees an attempt through to its end, whatever that is.
    pub(crate) async fn attempt(&self, assignment: &Assignment) -> Outcome {
        let (verdict, worked) = self.work_under_watch(assignment).await;
        match (verdict, worked) {
            (Verdict::LeaseLost, _) => Outcome::LeaseLost,
            // Done in the last moment is done.
            (_, Ok(product)) => self.publish(assignment, product).await,
            (Verdict::Stopping, Err(_)) => self.give_back(assignment).await,
            (Verdict::Overdue, Err(_)) => {
                let limit = ATTEMPT_LIMIT;
                self.fail(assignment, &RenderFault::Overdue { limit }).await
            }
            (Verdict::Finished, Err(fault)) => self.fail(assignment, &fault).await,
        }
    }

    async fn work_under_watch(
        &self,
        assignment: &Assignment,
    ) -> (Verdict, Result<Product, RenderFault>) {
        let (progress, reached) = progress::channel();
        let (finished, cancel) = (CancellationToken::new(), CancellationToken::new());
        let watch = Watch {
            deps: &self.deps,
            assignment,
            reached,
            finished: &finished,
            stopping: &self.cancelled,
        };
        let watching = async {
            let verdict = watch.run().await;
            if verdict != Verdict::Finished {
                tracing::info!(%verdict, "the render is stopped");
                cancel.cancel();
            }
            verdict
        };
        let working = async {
            let worked = self.work(assignment, progress, cancel.clone()).await;
            finished.cancel();
            worked
        };
        tokio::join!(watching, working)
    }

    async fn work(
        &self,
        assignment: &Assignment,
        progress: Progress,
        cancel: CancellationToken,
    ) -> Result<Product, RenderFault> {
        // Gone, with everything in it, when this function ends, however it ends.
        let folder = self.scratch.job().map_err(RenderFault::Scratch)?;
        let bench = Bench {
            studio: self,
            assignment,
            folder: folder.path(),
            progress,
            cancel,
        };
        match assignment.reel.kind {
            ReelType::Video => bench.make_video().await,
            ReelType::PhotoSet => bench.make_photos().await,
        }
    }

    async fn publish(&self, assignment: &Assignment, product: Product) -> Outcome {
        let kind = assignment.reel.kind;
        match self.complete(assignment, &product.outputs).await {
            Ok(Ok(())) => {
                self.meters
                    .rendered(kind, product.elapsed, product.media_time);
                tracing::info!(elapsed = ?product.elapsed, "published");
                Outcome::Published
            }
            Ok(Err(LeaseLost)) => Outcome::LeaseLost,
            Err(error) => self.fail(assignment, &error.into()).await,
        }
    }

    /// Publishing twice changes nothing, so an answer that got lost may be asked for again.
    async fn complete(
        &self,
        assignment: &Assignment,
        outputs: &Outputs,
    ) -> Result<Result<(), LeaseLost>, AppError> {
        for pause in PUBLISH_PAUSES {
            match complete_render::run(&self.deps, assignment, outputs).await {
                Err(error) if error.kind().is_transient() => {
                    tracing::warn!(error = chain(&error), "not published yet");
                }
                done => return done,
            }
            if self
                .cancelled
                .run_until_cancelled(sleep(pause))
                .await
                .is_none()
            {
                break;
            }
        }
        complete_render::run(&self.deps, assignment, outputs).await
    }

    async fn fail(&self, assignment: &Assignment, fault: &RenderFault) -> Outcome {
        let code = fault.code();
        tracing::warn!(
            code,
            class = ?fault.class(),
            error = fault.chain(),
            tool = fault.tool_log(),
            "the attempt failed"
        );
        self.meters.failed(code);
        match fail_render::run(&self.deps, assignment, fault.class(), fault.failure()).await {
            Ok(Ok(fail_render::Verdict::GivenUp)) => Outcome::GivenUp,
            Ok(Ok(fail_render::Verdict::TryAgain)) => Outcome::TryAgain { code },
            Ok(Err(LeaseLost)) => Outcome::LeaseLost,
            Err(error) => {
                // The lease runs out by itself, and the next attempt finds the reel as this one did.
                tracing::warn!(error = chain(&error), "the failure could not be recorded");
                Outcome::TryAgain { code }
            }
        }
    }

    async fn give_back(&self, assignment: &Assignment) -> Outcome {
        if let Err(error) = keep_lease::give_back(&self.deps, assignment).await {
            tracing::warn!(
                error = chain(&error),
                "the lease could not be given back; it runs out by itself"
            );
        }
        Outcome::Stopping
    }
}
