//! The table of jobs.

use std::time::Duration;

use avvivo_app::{
    AppError,
    upkeep::{delete_objects, expire_reels, forget_history, requeue_stuck},
};
use avvivo_wiring::Core;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// A job.
#[derive(Clone, Copy)]
pub struct Job {
    /// Its name in addresses, leases and metrics.
    pub name: &'static str,
    /// How often the loop runs it.
    pub every: Duration,
    /// How long a run may hold the lease; longer than any run takes.
    pub lease: TimeDelta,
    /// One pass.
    pass: fn(&Core) -> BoxFuture<'_, Result<Value, AppError>>,
}

/// All jobs.
pub const JOBS: [Job; 5] = [
    Job {
        name: "outbox-sweep",
        // Every process hands over its own commits; this is for those that died right after one.
        every: Duration::from_secs(5),
        lease: TimeDelta::minutes(2),
        pass: |core| Box::pin(sweep(core)),
    },
    Job {
        name: "requeue-stuck-reels",
        // The queue's own retries come first; a shop should not wait much longer than those.
        every: Duration::from_mins(1),
        lease: TimeDelta::minutes(2),
        pass: |core| Box::pin(requeue_stuck::pass(&core.deps)),
    },
    Job {
        name: "expire-reels",
        // The feed looks at the time itself; this writes down what it shows.
        every: Duration::from_secs(30),
        lease: TimeDelta::minutes(2),
        pass: |core| Box::pin(expire_reels::pass(&core.deps)),
    },
    Job {
        name: "delete-objects",
        // Nobody waits for files to go away.
        every: Duration::from_mins(5),
        lease: TimeDelta::minutes(10),
        pass: |core| Box::pin(delete_objects::pass(&core.deps)),
    },
    Job {
        name: "forget-history",
        // A little more than is promised is kept; nobody minds.
        every: Duration::from_secs(30),
        lease: TimeDelta::minutes(5),
        pass: |core| Box::pin(forget_history::pass(&core.deps)),
    },
];

impl Job {
    /// The job of that name.
    pub fn named(name: &str) -> Option<Self> {
        JOBS.into_iter().find(|job| job.name == name)
    }

    pub(crate) async fn pass(&self, core: &Core) -> Result<Value, AppError> {
        (self.pass)(core).await
    }
}

async fn sweep(core: &Core) -> Result<Value, AppError> {
    let report = core.relay().drain().await?;
    Ok(
        json!({"handedOver": report.handed_over, "postponed": report.postponed, "refused": report.refused}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_found_by_its_name_and_only_one_has_it() {
        for job in JOBS {
            assert_eq!(
                JOBS.iter().filter(|other| other.name == job.name).count(),
                1
            );
            assert!(Job::named(job.name).is_some_and(|found| found.name == job.name));
        }
        assert!(Job::named("no-such-job").is_none());
    }
}
