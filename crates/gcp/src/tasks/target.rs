//! What a queue delivers to, how fast, and how it repeats.

use std::time::Duration;

use google_cloud_tasks_v2::model::{Queue, RateLimits, RetryConfig};

/// One queue and the service behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueTarget {
    /// The queue's id: letters, digits and hyphens.
    pub queue_id: String,
    /// Where tasks are posted to.
    pub url: String,
    /// The audience of the token that comes with every task; what the receiver checks.
    pub audience: String,
    /// Whose token it is; the receiver checks this too.
    pub service_account: String,
    /// How long the receiver may take to answer: 15 seconds to 30 minutes.
    pub dispatch_deadline: Duration,
    /// How fast tasks are dispatched.
    pub pace: Pace,
    /// How failed tasks are repeated.
    pub retries: Retries,
}

/// How fast a queue dispatches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// At most 500.
    pub max_dispatches_per_second: f64,
    /// Tasks that may be with the receiver at once, at most 5000.
    pub max_concurrent_dispatches: i32,
}

/// How a queue repeats what was not answered with a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Attempts in all, the first included.
    pub max_attempts: i32,
    /// The pause after the first failure.
    pub min_backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
    /// How often the pause doubles before it grows in equal steps.
    pub max_doublings: i32,
}

impl Retries {
    /// Twenty attempts, 10, 20, 40 and 80 seconds apart and then ever longer. The reel itself is given up after five
    /// renderings that failed; an attempt of the queue is also used up by "busy" and by "shutting down", and the queue
    /// must not be the first to forget.
    pub const RENDER: Self = Self {
        max_attempts: 20,
        min_backoff: Duration::from_secs(10),
        max_backoff: Duration::from_mins(5),
        max_doublings: 3,
    };
}

impl QueueTarget {
    /// Thirty minutes, the most Cloud Tasks grants: a long source on a busy machine.
    pub const RENDER_DEADLINE: Duration = Duration::from_mins(30);

    /// The queue of reels to render, posted to `url` by `service_account`. `concurrency` is the
    /// number of renders that all instances of the processor take together.
    pub fn reel_render(
        url: impl Into<String>,
        audience: impl Into<String>,
        service_account: impl Into<String>,
        concurrency: i32,
    ) -> Self {
        Self {
            queue_id: "reel-render".to_owned(),
            url: url.into(),
            audience: audience.into(),
            service_account: service_account.into(),
            dispatch_deadline: Self::RENDER_DEADLINE,
            pace: Pace {
                // Renders take seconds of CPU each, so concurrency is what limits; the rate only
                // keeps a backlog from arriving at a cold service as one burst.
                max_dispatches_per_second: 10.0,
                max_concurrent_dispatches: concurrency,
            },
            retries: Retries::RENDER,
        }
    }

    pub(super) fn to_queue(&self, name: String) -> Queue {
        let limits = RateLimits::new()
            .set_max_dispatches_per_second(self.pace.max_dispatches_per_second)
            .set_max_concurrent_dispatches(self.pace.max_concurrent_dispatches);
        let retries = RetryConfig::new()
            .set_max_attempts(self.retries.max_attempts)
            .set_min_backoff(wire_duration(self.retries.min_backoff))
            .set_max_backoff(wire_duration(self.retries.max_backoff))
            .set_max_doublings(self.retries.max_doublings);
        Queue::new()
            .set_name(name)
            .set_rate_limits(limits)
            .set_retry_config(retries)
    }
}

pub(super) fn wire_duration(duration: Duration) -> google_cloud_wkt::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(duration.subsec_nanos()).unwrap_or(0);
    google_cloud_wkt::Duration::clamp(seconds, nanos)
}
