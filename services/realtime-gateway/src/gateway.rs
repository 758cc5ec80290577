//! Assembly: from configuration to a listening gateway.

use std::{sync::Arc, time::Duration};

use avvivo_gcp::PubSubBus;
use avvivo_http_kit::{
    Cors, IdentityStep, PipelineDeps, RouteTable,
    operations::{self, Operations},
    pipeline,
    routes::PatternError,
};
use avvivo_kernel::{IdSource as _, RandomIds, SystemClock};
use avvivo_redis::{Redis, RedisError, RedisSettings};
use avvivo_service_kit::{
    Lifecycle, Telemetry,
    config::RedisConfig,
    grpc::ChannelError,
    health::{HealthRegistry, Importance},
};
use avvivo_wiring::{Google, WiringError};
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    bus::{Hearing, Listener},
    config::Config,
    connection::Surroundings,
    history::History,
    hub::{Counts, Hub},
    instruments::Instruments,
    places::Places,
    presence::Reporter,
    stream::{self, Entrance, Unjudged},
};

/// The share of the drain time in which connections leave; the rest is for slow networks and for the subscription.
const LEAVING_SHARE: f64 = 0.5;

/// The api answers health checks from memory.
const API_CHECK_LIMIT: Duration = Duration::from_secs(1);

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A part could not be made.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// The api's address is not one.
    #[error(transparent)]
    Api(#[from] ChannelError),
    /// Redis' address is not one.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The route cannot be matched.
    #[error(transparent)]
    Routes(#[from] PatternError),
    /// The port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// The gateway, ready to be served.
pub struct Gateway {
    /// The stream, and the operational routes beside it.
    pub router: Router,
    /// Whether the bus can be heard, for those who compose services in one process.
    pub hearing: Hearing,
    hub: Arc<Hub>,
}

impl Gateway {
    /// Builds the gateway and starts what runs beside it: the listener on the bus and the reports of presence.
    pub async fn build(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let google = Google::new(&config.google)?;
        let bus = Arc::new(google.event_bus("gateway").await?);
        let api = Arc::new(Api::new(&config.api, google.environment())?);
        let hub = Arc::new(Hub::default());
        let instruments = Instruments::new(telemetry.metrics(), &hub);
        let history = Arc::new(History {
            api: Arc::clone(&api),
            clock: Arc::new(SystemClock),
            instruments: instruments.clone(),
        });
        let around = Arc::new(Surroundings {
            hub: Arc::clone(&hub),
            history: Arc::clone(&history),
            clock: Arc::new(SystemClock),
            instruments,
            stopping: lifecycle.stopping().clone(),
            leave_within: config.server.drain.mul_f64(LEAVING_SHARE),
            max_age: config.limits.max_age,
        });
        let entrance = Entrance {
            api,
            hearing: Hearing::default(),
            places: Places::new(config.limits),
            around: Arc::clone(&around),
        };
        let redis = redis(&config.redis)?;
        let router = router(config, telemetry, lifecycle, &entrance)?;

        let instance = RandomIds.uuid().simple().to_string();
        let quit = quit_after_drain(lifecycle, Arc::clone(&entrance.places));
        if let Some(redis) = redis {
            let reporter = Reporter {
                redis,
                instance: instance.clone(),
                hub: Arc::clone(&hub),
                clock: Arc::clone(&around.clock),
            };
            lifecycle.spawn("presence", reporter.run(quit.clone()));
        }
        let (filled, until) = (Arc::clone(&hub), quit.clone());
        lifecycle.spawn("history", async move { history.run(&filled, until).await });
        listen_to_bus(lifecycle, bus, instance, &entrance, quit);
        Ok(Self {
            router,
            hearing: entrance.hearing,
            hub,
        })
    }

    /// Builds the gateway and serves it on its port.
    pub async fn start(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), StartError> {
        let gateway = Self::build(config, telemetry, lifecycle).await?;
        let address = config.server.address();
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| StartError::Listen { address, source })?;
        lifecycle.serve(listener, gateway.router);
        lifecycle.set_ready();
        Ok(())
    }

    /// Who is connected to this instance.
    pub fn counts(&self) -> Counts {
        self.hub.counts()
    }
}

fn router(
    config: &Config,
    telemetry: &Telemetry,
    lifecycle: &Lifecycle,
    entrance: &Entrance,
) -> Result<Router, StartError> {
    let steps = PipelineDeps {
        routes: RouteTable::new([stream::CHAT, stream::TOPICS])?,
        cors: Cors::new(&config.cors_origins.join(",")),
        // It counts everything but GET, and there is nothing else; streams are bounded by their places.
        rate_limit: None,
        identity: Some(IdentityStep::new(Unjudged)),
        ids: Arc::new(RandomIds),
        metrics: telemetry.metrics().clone(),
    };
    let routes = Router::new()
        .route(stream::CHAT, get(stream::open_chat))
        .route(stream::TOPICS, get(stream::open_topics))
        .with_state(entrance.clone());
    let operational = operations::router(Operations {
        health: Arc::new(health(lifecycle, entrance)),
        metrics: telemetry.metrics().clone(),
        token: config.server.healthcheck_token.clone(),
    });
    Ok(operational.merge(pipeline(routes, steps)))
}

fn health(lifecycle: &Lifecycle, entrance: &Entrance) -> HealthRegistry {
    let (hearing, api) = (entrance.hearing.clone(), Arc::clone(&entrance.api));
    HealthRegistry::new(lifecycle.readiness())
        .with(
            "event_bus",
            Importance::Required,
            API_CHECK_LIMIT,
            move || std::future::ready(hearing.check()),
        )
        // Without the api nobody new gets in, but those who are in go on hearing: being taken out of service for it
        // would cut them off, and another instance has the same api.
        .with("api", Importance::Optional, API_CHECK_LIMIT, move || {
            let api = Arc::clone(&api);
            async move { api.check().await }
        })
}

/// Fires when the last connection has left after a stop, or when its time is over.
fn quit_after_drain(lifecycle: &Lifecycle, places: Arc<Places>) -> CancellationToken {
    let quit = CancellationToken::new();
    let (stopping, cancelled) = (lifecycle.stopping().clone(), lifecycle.cancelled().clone());
    let fire = quit.clone();
    lifecycle.spawn("drain", async move {
        stopping.cancelled().await;
        // None when time was up first; either way it is time to go.
        let emptied = cancelled.run_until_cancelled(places.emptied()).await;
        tracing::info!(complete = emptied.is_some(), "streams have ended");
        fire.cancel();
    });
    quit
}

fn listen_to_bus(
    lifecycle: &Lifecycle,
    bus: Arc<PubSubBus>,
    instance: String,
    entrance: &Entrance,
    quit: CancellationToken,
) {
    let listener = Listener {
        bus: bus.clone(),
        api: Arc::clone(&entrance.api),
        instance,
        hub: Arc::clone(&entrance.around.hub),
        hearing: entrance.hearing.clone(),
        clock: Arc::clone(&entrance.around.clock),
        instruments: entrance.around.instruments.clone(),
    };
    lifecycle.spawn("event bus", async move {
        listener.run(quit).await;
        // Deletes the subscription, so that it does not fill up for nobody.
        bus.close().await;
    });
}

fn redis(config: &RedisConfig) -> Result<Option<Redis>, RedisError> {
    let Some(url) = &config.url else {
        return Ok(None);
    };
    let settings = RedisSettings {
        url: url.clone(),
        key_prefix: config.key_prefix.clone(),
        tls: config.tls,
    };
    Redis::connect(&settings).map(Some)
}
