//! The loop of a single host: each job at its own pace.

use std::time::Duration;

use avvivo_service_kit::Lifecycle;
use rand::Rng as _;

use crate::{jobs::JOBS, run::Runner};

/// Starts a task a job. None of them overlaps itself, and all end between runs.
pub(crate) fn start(lifecycle: &Lifecycle, runner: &Runner) {
    for job in JOBS {
        let (runner, stop) = (runner.clone(), lifecycle.stopping().clone());
        lifecycle.spawn(job.name, async move {
            // The first run comes soon: whatever is overdue is overdue since before the start.
            let mut wait = jittered(job.every.min(Duration::from_secs(1)));
            while stop
                .run_until_cancelled(tokio::time::sleep(wait))
                .await
                .is_some()
            {
                // A failure is logged where it happens, and the next run is the retry.
                wait = match runner.run(job).await {
                    Ok(_) | Err(_) => jittered(job.every),
                };
            }
        });
    }
}

/// Ten percent more or less, so that several schedulers do not march in step.
fn jittered(period: Duration) -> Duration {
    period.mul_f64(rand::rng().random_range(0.9..1.1))
}
