//! Assembly: from configuration to a listening gateway.

use std::{sync::Arc, time::Duration};

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
    lifecycle::ConnectionLimits,
};
use avvivo_wiring::{Bus, Google, WiringError};
use axum::{Router, routing::get};
use tokio::{net::TcpListener, runtime::Handle, sync::broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    bus::{Hearing, Listener},
    config::Config,
    control::Control,
    front::Front,
    grants::Grants,
    history::History,
    hub::{Counts, Hub},
    instruments::Instruments,
    pace::Pace,
    places::Places,
    presence::Presence,
    reactor::{Posts, Reactors},
    session::Surroundings,
    sockets,
    stream::{self, Entrance, Unjudged},
};

/// The share of the drain time in which connections leave; the rest is for slow networks and for the subscription.
const LEAVING_SHARE: f64 = 0.5;

/// Connections beside streams: probes, refusals, and those that have not said yet what they want.
const BESIDE_STREAMS: usize = 1_000;

/// Changes of rights that a stream may have to be told of; one that has more to read is told that it does not know.
const REVOCATIONS: usize = 64;

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
    /// The kernel gives no more of what streams take.
    #[error("streams cannot be carried: {0}")]
    Kernel(#[from] std::io::Error),
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
    around: Arc<Surroundings>,
    reactors: Arc<Reactors>,
    /// Streams at once.
    most: u32,
}

impl Gateway {
    /// Builds the gateway and starts what runs beside it: the listener on the bus and the reports of presence.
    pub async fn build(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let google = Google::new(&config.google)?;
        let bus = Arc::new(Bus::connect(&config.bus, &google, "gateway").await?);
        let (api, questions) = Api::new(&config.api, google.environment())?;
        let api = Arc::new(api);
        let posts = Posts::for_each_core()?;
        let around = surroundings(config, telemetry, lifecycle, (&api, posts.clone()));
        let entrance = Entrance {
            api,
            hearing: Hearing::default(),
            places: Places::new(config.limits),
            around: Arc::clone(&around),
        };
        let reactors = Arc::new(Reactors::start(posts, &around, config.limits.most())?);
        let redis = redis(&config.redis)?;
        let router = router(config, telemetry, lifecycle, &entrance)?;

        let instance = RandomIds.uuid().simple().to_string();
        let quit = quit_after_drain(lifecycle, Arc::clone(&entrance.places));
        let presence = Presence {
            redis,
            instance: instance.clone(),
            hub: Arc::clone(&around.hub),
            clock: Arc::clone(&around.clock),
            pace: around.pace,
        };
        lifecycle.spawn("presence", presence.run(quit.clone()));
        let api = Arc::clone(&entrance.api);
        lifecycle.spawn("questions", questions.run(api, quit.clone()));
        carry(lifecycle, &entrance, &reactors, &quit);
        listen_to_bus(lifecycle, bus, instance, &entrance, quit);
        Ok(Self {
            router,
            hearing: entrance.hearing,
            around,
            reactors,
            most: config.limits.connections,
        })
    }

    /// Serves the gateway on a listener: streams on HTTP/1.1 by its own reactors, everything else as usual.
    pub fn serve(&self, lifecycle: &Lifecycle, listener: TcpListener) -> Result<(), StartError> {
        sockets::prepare(&listener, self.most)?;
        let door = Front::new(
            self.router.clone(),
            Arc::clone(&self.reactors),
            Arc::clone(&self.around.clock),
        );
        let limits = ConnectionLimits {
            max_connections: usize::try_from(self.most).unwrap_or(usize::MAX) + BESIDE_STREAMS,
            ..ConnectionLimits::default()
        };
        let router = self.router.clone();
        lifecycle.serve_behind(Some(Arc::new(door)), listener, router, limits);
        Ok(())
    }

    /// Builds the gateway and serves it on its port.
    pub async fn start(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), StartError> {
        let gateway = Self::build(config, telemetry, lifecycle).await?;
        let address = config.server.address();
        let listener =
            sockets::listen(address).map_err(|source| StartError::Listen { address, source })?;
        gateway.serve(lifecycle, listener)?;
        lifecycle.set_ready();
        Ok(())
    }

    /// Who is connected to this instance.
    pub fn counts(&self) -> Counts {
        self.around.hub.counts()
    }
}

fn surroundings(
    config: &Config,
    telemetry: &Telemetry,
    lifecycle: &Lifecycle,
    (api, posts): (&Arc<Api>, Posts),
) -> Arc<Surroundings> {
    let (pace, most) = (Pace::begin(), config.limits.most());
    let hub = Arc::new(Hub::new(posts, pace, most));
    let instruments = Instruments::new(telemetry.metrics(), &hub);
    let history = History {
        hub: Arc::clone(&hub),
        api: Arc::clone(api),
        clock: Arc::new(SystemClock),
        instruments: instruments.clone(),
    };
    Arc::new(Surroundings {
        hub,
        history: Arc::new(history),
        grants: Grants::new(most),
        clock: Arc::new(SystemClock),
        pace,
        instruments,
        runtime: Handle::current(),
        revocations: broadcast::channel(REVOCATIONS).0,
        stopping: lifecycle.stopping().clone(),
        leave_within: config.server.drain.mul_f64(LEAVING_SHARE),
        max_age: config.limits.max_age,
    })
}

/// Keeps what streams need: the reactors, what the rings lack, and whose rights have changed.
fn carry(
    lifecycle: &Lifecycle,
    entrance: &Entrance,
    reactors: &Arc<Reactors>,
    quit: &CancellationToken,
) {
    let around = &entrance.around;
    let attending = Arc::clone(reactors);
    let (stopping, until) = (lifecycle.stopping().clone(), quit.clone());
    lifecycle.spawn("reactors", async move {
        attending.attend(stopping, until).await;
    });
    let (api, reactors) = (Arc::clone(&entrance.api), Arc::clone(reactors));
    let control = Control::new(Arc::clone(around), reactors, api);
    lifecycle.spawn("rights", control.run(quit.clone()));
    let (history, until) = (Arc::clone(&around.history), quit.clone());
    lifecycle.spawn("history", async move { history.run(until).await });
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
    bus: Arc<Bus>,
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
