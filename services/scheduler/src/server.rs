//! Assembly, and the addresses that start jobs.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use avvivo_app::{Policy, upkeep::Outcome};
use avvivo_http_kit::{
    Cors, Oidc, OidcGuard, PathParams, PipelineDeps, Problem, Reply, RouteTable,
    operations::{self, Operations},
    pipeline,
    routes::PatternError,
};
use avvivo_kernel::{ErrorKind, RandomIds};
use avvivo_service_kit::{Lifecycle, Telemetry};
use avvivo_tokens::OidcVerifier;
use avvivo_wiring::{Core, WiringError};
use axum::{Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{config::Config, gauges, jobs::Job, run::Runner, timetable};

/// Why the scheduler cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A part could not be made.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Two routes contradict each other.
    #[error(transparent)]
    Routes(#[from] PatternError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Schema(#[from] avvivo_postgres::DbError),
    /// The queue could not be brought up to date.
    #[error(transparent)]
    Queue(#[from] avvivo_ports::QueueError),
    /// The job that was to run once failed.
    #[error(transparent)]
    Job(#[from] avvivo_app::AppError),
    /// Nobody takes the report.
    #[error("the report cannot be printed")]
    Report(#[from] io::Error),
    /// The port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The scheduler, ready to be served.
pub struct Scheduler {
    /// Its addresses.
    pub router: Router,
    runner: Runner,
}

#[derive(Clone)]
struct Targets {
    runner: Runner,
    verifier: Arc<OidcVerifier>,
}

/// Cloud Scheduler, and whoever else is on the list.
struct Starters;

impl OidcGuard<Targets> for Starters {
    fn verifier(state: &Targets) -> &OidcVerifier {
        &state.verifier
    }
}

impl Scheduler {
    /// Builds the scheduler. Jobs do not run before [`Scheduler::start_loop`] or a request.
    pub async fn build(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let core = Core::connect(&config.core, Policy::default(), "scheduler").await?;
        let core = core.reaching(&config.outside)?;
        let callers: Vec<&str> = config.jobs.callers.iter().map(String::as_str).collect();
        let verifier = core.google.services(&config.jobs.audience, &callers)?;
        let runner = Runner::new(core.clone(), telemetry.metrics());
        let targets = Targets {
            runner: runner.clone(),
            verifier: Arc::new(verifier),
        };
        let steps = PipelineDeps {
            routes: RouteTable::new(["/jobs/{name}/run"])?,
            cors: Cors::new(""),
            rate_limit: None,
            identity: None,
            ids: Arc::new(RandomIds),
            metrics: telemetry.metrics().clone(),
        };
        let operational = operations::router(Operations {
            health: Arc::new(core.health(lifecycle)),
            metrics: telemetry.metrics().clone(),
            token: config.server.healthcheck_token.clone(),
        });
        let routes = Router::new()
            .route("/jobs/{name}/run", post(start))
            .with_state(targets);
        core.run_relay(lifecycle);
        gauges::start(lifecycle, &core, telemetry.metrics());
        Ok(Self {
            router: operational.merge(pipeline(routes, steps)),
            runner,
        })
    }

    /// Runs every job at its own pace for as long as the service lives.
    pub fn start_loop(&self, lifecycle: &Lifecycle) {
        timetable::start(lifecycle, &self.runner);
    }

    /// Runs one job, prints its report, and stops.
    pub async fn once(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
        job: Job,
    ) -> Result<(), StartError> {
        let scheduler = Self::build(config, telemetry, lifecycle).await?;
        let report = report(job, scheduler.runner.run(job).await?);
        writeln!(io::stdout(), "{report}")?;
        lifecycle.stop();
        Ok(())
    }

    /// Builds the scheduler and serves it on its port.
    pub async fn start(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), StartError> {
        let scheduler = Self::build(config, telemetry, lifecycle).await?;
        let address = config.server.address().to_string();
        let listener = TcpListener::bind(&address)
            .await
            .map_err(|source| StartError::Listen { address, source })?;
        lifecycle.serve(listener, scheduler.router.clone());
        if config.jobs.loops {
            scheduler.start_loop(lifecycle);
        }
        lifecycle.set_ready();
        Ok(())
    }
}

/// Starts a job and answers its report. A failure is a 5xx, so that Cloud Scheduler tries again.
async fn start(
    State(targets): State<Targets>,
    _starter: Oidc<Starters>,
    PathParams(name): PathParams<String>,
) -> Result<Reply<Value>, Problem> {
    let job = Job::named(&name).ok_or_else(|| {
        Problem::new(
            ErrorKind::NotFound,
            "job.not_found",
            "No hay ninguna tarea con ese nombre.",
        )
    })?;
    let outcome = targets.runner.run(job).await?;
    Ok(Reply::ok(report(job, outcome)))
}

fn report(job: Job, outcome: Outcome) -> Value {
    match outcome {
        Outcome::Ran(report) => json!({"job": job.name, "outcome": "ran", "report": report}),
        Outcome::Elsewhere => json!({"job": job.name, "outcome": "elsewhere"}),
    }
}
