//! One run of a job: under its lease, measured.

use std::{sync::Arc, time::Instant};

use avvivo_app::{
    AppError,
    upkeep::{Outcome, leased},
};
use avvivo_service_kit::{Metrics, chain, telemetry::SECONDS_BUCKETS};
use avvivo_wiring::Core;
use opentelemetry::{KeyValue, metrics::Histogram};

use crate::jobs::Job;

/// Runs jobs.
#[derive(Clone)]
pub(crate) struct Runner {
    core: Core,
    duration: Arc<Histogram<f64>>,
}

impl Runner {
    pub(crate) fn new(core: Core, metrics: &Metrics) -> Self {
        let duration = metrics
            .meter("avvivo.scheduler")
            .f64_histogram("avvivo.job.duration")
            .with_unit("s")
            .with_description("Runs of periodic jobs, by job and outcome")
            .with_boundaries(SECONDS_BUCKETS.to_vec())
            .build();
        Self {
            core,
            duration: Arc::new(duration),
        }
    }

    /// Runs a job once, unless somebody else is running it.
    #[tracing::instrument(name = "scheduler.job", skip_all, fields(job.name = job.name))]
    pub(crate) async fn run(&self, job: Job) -> Result<Outcome, AppError> {
        let started = Instant::now();
        let result = leased(&self.core.deps, job.name, job.lease, job.pass(&self.core)).await;
        let outcome = match &result {
            Ok(Outcome::Ran(report)) => {
                tracing::debug!(%report, "job ran");
                "ran"
            }
            Ok(Outcome::Elsewhere) => "elsewhere",
            Err(error) => {
                tracing::warn!(error = chain(error), "job failed");
                "failed"
            }
        };
        let labels = [
            KeyValue::new("job.name", job.name),
            KeyValue::new("outcome", outcome),
        ];
        self.duration
            .record(started.elapsed().as_secs_f64(), &labels);
        result
    }
}
