//! Tells the other services what is open here, so that the status page can add it up.

use std::{sync::Arc, time::Duration};

use avvivo_kernel::Clock;
use avvivo_redis::{GatewayCounts, Redis};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;

/// Between two reports: a status page that is this much behind is still true.
const EVERY: Duration = Duration::from_secs(10);

/// What reports.
pub(crate) struct Reporter {
    pub(crate) redis: Redis,
    /// Names this process among the gateways.
    pub(crate) instance: String,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reporter {
    /// Reports until `quit`, then takes its leave. Without Redis nobody adds up, and nothing else is lost.
    pub(crate) async fn run(self, quit: CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while quit.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.report().await {
                tracing::debug!(%error, "open streams were not reported");
            }
        }
        if let Err(error) = self.redis.forget_gateway(&self.instance).await {
            tracing::debug!(%error, "the report of open streams is left to grow old");
        }
        self.redis.close().await;
    }

    async fn report(&self) -> Result<(), avvivo_redis::RedisError> {
        let open = self.hub.counts();
        let counts = GatewayCounts {
            connections: wide(open.connections),
            channels: wide(open.channels),
        };
        let now = self.clock.now();
        self.redis.report_gateway(&self.instance, counts, now).await
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
