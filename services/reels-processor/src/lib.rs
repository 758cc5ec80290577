#![doc = include_str!("../README.md")]

mod attempt;
pub mod config;
mod health;
mod jobs;
mod meters;
mod renderer;
mod scratch;
pub mod waiting;

use std::{io, net::SocketAddr, sync::Arc};

use avvivo_app::Policy;
use avvivo_http_kit::{
    Cors, PipelineDeps, RouteTable,
    operations::{self, Operations},
    pipeline,
    routes::PatternError,
};
use avvivo_media::{Isolation, MediaError, Transcoder};
use avvivo_service_kit::{Lifecycle, Metrics, Telemetry};
use avvivo_wiring::{Core, WiringError};
use axum::Router;
use tokio::net::TcpListener;

use attempt::Studio;
use meters::Meters;
use scratch::Scratch;

pub use config::{Config, RenderConfig};
pub use renderer::{Outcome, RenderJob, Renderer};
pub use scratch::ScratchError;
pub use waiting::OnceError;

/// The name in telemetry and on the bus.
pub const NAME: &str = "reels-processor";

/// Why the processor does not start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A client could not be made.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// ffmpeg is missing, or cannot be run.
    #[error("ffmpeg cannot be used")]
    Media(#[from] MediaError),
    /// The host does not let us shut ffmpeg in, and the configuration insists.
    #[error(
        "ffmpeg cannot be shut in completely, only {0:?}: allow `unshare` and `setpriv`, or set REEL_REQUIRE_ISOLATION=false"
    )]
    Exposed(Isolation),
    /// There is no place for files.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The routes contradict each other.
    #[error(transparent)]
    Routes(#[from] PatternError),
    /// The port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A processor that is wired and takes jobs as soon as its router is served.
pub struct Processor {
    /// The tasks and the operational routes.
    pub router: Router,
    /// Takes jobs that do not come by HTTP.
    pub renderer: Renderer,
    core: Core,
    render: RenderConfig,
}

/// Wires the processor. Its tasks run on `lifecycle`; nothing is contacted yet.
pub async fn build(
    config: &Config,
    metrics: &Metrics,
    lifecycle: &Lifecycle,
) -> Result<Processor, BuildError> {
    let core = Core::connect(&config.core, Policy::default(), NAME).await?;
    build_on(core, config, metrics, lifecycle).await
}

/// [`build`] on parts that exist already.
pub async fn build_on(
    core: Core,
    config: &Config,
    metrics: &Metrics,
    lifecycle: &Lifecycle,
) -> Result<Processor, BuildError> {
    let render = &config.render;
    let transcoder = Transcoder::start(render.media()).await?;
    accept(transcoder.isolation(), render.require_isolation)?;
    let guest = transcoder.isolation().guest();
    let scratch = Arc::new(Scratch::open(&render.temp_dir, guest)?);
    transcoder.check_reach(scratch.folder()).await?;
    let meters = Meters::new(metrics);
    let studio = Studio {
        deps: core.deps.clone(),
        transcoder,
        scratch: Arc::clone(&scratch),
        download_timeout: render.download_timeout,
        meters,
        cancelled: lifecycle.cancelled().clone(),
    };
    let renderer = Renderer::start(studio, render.concurrency, lifecycle);
    core.run_relay(lifecycle);

    let health = health::with_tools(core.health(lifecycle), render.ffmpeg.clone(), scratch);
    let operations = Operations {
        health: Arc::new(health),
        metrics: metrics.clone(),
        token: config.server.healthcheck_token.clone(),
    };
    let router =
        tasks(&core, config, metrics, renderer.clone())?.merge(operations::router(operations));
    Ok(Processor {
        router,
        renderer,
        core,
        render: render.clone(),
    })
}

/// Refuses an isolation that is not what was asked for, or says what it is.
fn accept(isolation: Isolation, required: bool) -> Result<(), BuildError> {
    match (isolation.is_complete(), required) {
        (true, _) => tracing::info!(?isolation, "ffmpeg is shut in"),
        (false, true) => return Err(BuildError::Exposed(isolation)),
        (false, false) => tracing::warn!(?isolation, "ffmpeg is not shut in completely"),
    }
    Ok(())
}

/// The queue's routes behind the pipeline that every service has. No people call here, so there are no pages to admit, no
/// sessions to resolve and no rates to count: the queue has limits of its own.
fn tasks(
    core: &Core,
    config: &Config,
    metrics: &Metrics,
    renderer: Renderer,
) -> Result<Router, BuildError> {
    let queue = &config.core.queue;
    let desk = jobs::Desk {
        renderer,
        queue: core
            .google
            .services(&queue.processor_url, &[&queue.tasks_service_account])?,
        clock: Arc::clone(&core.deps.clock),
    };
    let steps = PipelineDeps {
        routes: RouteTable::new([jobs::RENDER_PATH])?,
        cors: Cors::new(""),
        rate_limit: None,
        identity: None,
        ids: Arc::clone(&core.deps.ids),
        metrics: metrics.clone(),
    };
    Ok(pipeline(jobs::router(desk), steps))
}

impl Processor {
    /// Builds the processor and serves it on its port.
    pub async fn start(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), BuildError> {
        let processor = build(config, telemetry.metrics(), lifecycle).await?;
        let address = config.server.address();
        let listening = TcpListener::bind(address).await;
        let listener = listening.map_err(|source| BuildError::Listen { address, source })?;
        lifecycle.serve(listener, processor.router);
        lifecycle.set_ready();
        Ok(())
    }

    /// Builds the processor, renders what waits, and then ends the service.
    pub async fn once(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), BuildError> {
        build(config, telemetry.metrics(), lifecycle)
            .await?
            .run_once(lifecycle);
        Ok(())
    }

    /// Renders what waits, up to the configured batch, and then ends the service: what `--once` does.
    pub fn run_once(&self, lifecycle: &Lifecycle) {
        let bounds = (self.render.batch, self.render.concurrency);
        let work = waiting::render_waiting(
            self.core.deps.clone(),
            self.renderer.clone(),
            bounds,
            lifecycle.clone(),
        );
        lifecycle.spawn("once", work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_less_than_complete_is_refused_where_it_is_required() {
        let weak = [
            Isolation::OtherUser,
            Isolation::NoNewPrivileges,
            Isolation::LimitsOnly,
        ];
        for isolation in weak {
            assert!(accept(isolation, false).is_ok());
            let refused = accept(isolation, true).unwrap_err().to_string();
            assert!(refused.contains("REEL_REQUIRE_ISOLATION"), "{refused}");
        }
        for isolation in [Isolation::NoNetwork, Isolation::NoNetworkAsUser] {
            assert!(accept(isolation, true).is_ok());
        }
    }
}
