//! Takes jobs, as many at once as there are places, and sees each through whoever waits for it.

use std::sync::Arc;

use avvivo_app::rendering::claim_render::{self, Answer};
use avvivo_kernel::{Fault as _, ReelId, Timestamp};
use avvivo_service_kit::{Lifecycle, trace};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, Span, field::Empty};

use crate::attempt::{Studio, chain};

/// A reel to render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderJob {
    /// Which reel.
    pub reel: ReelId,
    /// Which version of its job.
    pub version: u32,
    /// W3C trace context of what asked for it; without one the caller's span is continued.
    pub traceparent: Option<String>,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The reel is in the feed.
    Published,
    /// The reel is hidden for good, its shop knows why, its quota is given back.
    GivenUp,
    /// There was nothing to do.
    NothingToDo,
    /// The reel was hidden, or another renderer has it by now.
    LeaseLost,
    /// Another renderer is at it.
    Busy {
        /// Until when, at the least.
        until: Timestamp,
    },
    /// Every place is taken.
    Crowded,
    /// It failed in a way that may pass.
    TryAgain {
        /// A stable word for what failed.
        code: &'static str,
    },
    /// The process is going away, and the reel is free.
    Stopping,
}

impl Outcome {
    /// A stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::GivenUp => "given_up",
            Self::NothingToDo => "nothing_to_do",
            Self::LeaseLost => "lease_lost",
            Self::Busy { .. } => "busy",
            Self::Crowded => "crowded",
            Self::TryAgain { .. } => "try_again",
            Self::Stopping => "stopping",
        }
    }
}

/// Takes jobs. Clones share their places.
#[derive(Clone)]
pub struct Renderer {
    studio: Arc<Studio>,
    places: Arc<Semaphore>,
    running: TaskTracker,
    stopping: CancellationToken,
}

impl Renderer {
    /// A renderer with `places`, whose tasks `lifecycle` awaits at its end.
    pub(crate) fn start(studio: Studio, places: usize, lifecycle: &Lifecycle) -> Self {
        let renderer = Self {
            studio: Arc::new(studio),
            places: Arc::new(Semaphore::new(places)),
            running: TaskTracker::new(),
            stopping: lifecycle.stopping().clone(),
        };
        let (running, stopping) = (renderer.running.clone(), renderer.stopping.clone());
        lifecycle.spawn("renders", async move {
            stopping.cancelled().await;
            running.close();
            running.wait().await;
        });
        renderer
    }

    /// Sees a job through. The work goes on when this future is dropped: a caller that hangs up does not make it any less
    /// worth finishing.
    pub async fn render(&self, job: RenderJob) -> Outcome {
        if self.stopping.is_cancelled() {
            return Outcome::Stopping;
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Outcome::Crowded;
        };
        let span = tracing::info_span!(
            "reel.render",
            otel.kind = "consumer",
            reel_id = %job.reel,
            shop_id = Empty,
            attempt = Empty,
            outcome = Empty,
        );
        if let Some(traceparent) = &job.traceparent {
            trace::set_parent(&span, traceparent);
        }
        let studio = Arc::clone(&self.studio);
        let work = async move {
            let outcome = studio.attend(&job).await;
            Span::current().record("outcome", outcome.as_str());
            drop(place);
            outcome
        };
        let done = self.running.spawn(work.instrument(span)).await;
        done.unwrap_or_else(|panic| {
            // Its lease runs out by itself, and the attempt has been counted.
            tracing::error!(%panic, "a render panicked");
            Outcome::TryAgain {
                code: "render.panicked",
            }
        })
    }
}

impl Studio {
    async fn attend(&self, job: &RenderJob) -> Outcome {
        let answer = match claim_render::run(&self.deps, job.reel, job.version).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(error = chain(&error), "the reel could not be claimed");
                return Outcome::TryAgain { code: error.code() };
            }
        };
        let assignment = match answer {
            Answer::NothingToDo => return Outcome::NothingToDo,
            Answer::Busy { until } => return Outcome::Busy { until },
            Answer::Go(assignment) => assignment,
        };
        Span::current()
            .record("shop_id", tracing::field::display(assignment.reel.shop_id))
            .record("attempt", assignment.attempt);
        let _active = self.meters.begin();
        let outcome = self.attempt(&assignment).await;
        self.meters.attempted(outcome);
        outcome
    }
}
