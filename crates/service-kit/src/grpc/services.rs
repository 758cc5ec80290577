//! gRPC services together with what `grpc.health.v1` says of them.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::health::HealthRegistry;

/// How soon an outage is told. Each look costs a round of checks.
const LOOK_WELL: Duration = Duration::from_secs(5);
/// How soon a start and a recovery are told. The registry keeps a report for a second, so this costs a round a second.
const LOOK_UNWELL: Duration = Duration::from_millis(250);

/// What a gRPC listener serves.
///
/// Plain [`Routes`] are healthy for as long as the process accepts connections.
#[derive(Clone)]
pub struct GrpcServices {
    pub(crate) routes: Routes,
    pub(crate) health: Option<ServiceHealth>,
}

/// Whose health is told, and what it follows.
#[derive(Clone)]
pub(crate) struct ServiceHealth {
    names: &'static [&'static str],
    registry: Arc<HealthRegistry>,
}

impl From<Routes> for GrpcServices {
    fn from(routes: Routes) -> Self {
        Self {
            routes,
            health: None,
        }
    }
}

impl GrpcServices {
    /// Lets the health of the server, and of the services of these names, follow `registry`.
    #[must_use]
    pub fn reporting(
        mut self,
        names: &'static [&'static str],
        registry: Arc<HealthRegistry>,
    ) -> Self {
        self.health = Some(ServiceHealth { names, registry });
        self
    }
}

impl ServiceHealth {
    /// Tells nobody that it serves before the first report did.
    pub(crate) async fn begin(&self, reporter: &HealthReporter) {
        self.tell(reporter, ServingStatus::NotServing).await;
    }

    /// Reports until the service stops, and that it does.
    pub(crate) async fn follow(&self, reporter: &HealthReporter, stopping: &CancellationToken) {
        let mut told = false;
        while let Some(report) = stopping.run_until_cancelled(self.registry.report()).await {
            let (status, pause) = if report.ready {
                (ServingStatus::Serving, LOOK_WELL)
            } else {
                (ServingStatus::NotServing, LOOK_UNWELL)
            };
            // Whoever watches is told of changes only.
            if report.ready != told {
                told = report.ready;
                self.tell(reporter, status).await;
            }
            stopping
                .run_until_cancelled(tokio::time::sleep(pause))
                .await;
        }
        self.tell(reporter, ServingStatus::NotServing).await;
    }

    /// The empty name is the server's as a whole.
    async fn tell(&self, reporter: &HealthReporter, status: ServingStatus) {
        for name in std::iter::once(&"").chain(self.names) {
            reporter.set_service_status(*name, status).await;
        }
    }
}
