//! Assembly: from configuration to a listening api.

use std::{sync::Arc, time::Duration};

use avvivo_http_kit::{
    Cors, IdentityStep, PipelineDeps, RateLimit, RateLimiter, ResponseCache, RouteTable,
    operations::{self, Operations},
    pipeline,
    routes::PatternError,
};
use avvivo_kernel::{IdSource as _, RandomIds};
use avvivo_redis::{Redis, RedisStatus};
use avvivo_service_kit::{Lifecycle, Telemetry, grpc::GrpcServices};
use avvivo_tokens::{FirebaseVerifier, OidcVerifier};
use avvivo_wiring::{Bus, Core, WiringError, config::BusKind, redis_settings};
use axum::Router;
use http::Method;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;

use crate::{
    caller::Accounts,
    config::Config,
    dev, freshness,
    health::Optional,
    limits::SharedLimiter,
    realtime, routes,
    state::{AccountMailLimits, ApiState, CacheRules, Pages, RegistrationLimits, Shared},
};

/// What a reel's body may measure: editor states are rich.
const REEL_BODY_BYTES: usize = 1 << 20;

/// How long to wait before a local environment that is not there yet is prepared again.
const PREPARE_RETRY: Duration = Duration::from_millis(500);

/// Why the api cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A part could not be made.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Redis' address is not one.
    #[error(transparent)]
    Redis(#[from] avvivo_redis::RedisError),
    /// Two routes contradict each other.
    #[error(transparent)]
    Routes(#[from] PatternError),
    /// A port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// The api, ready to be served.
pub struct Api {
    /// The public HTTP interface.
    pub router: Router,
    /// For the gateway.
    pub grpc: GrpcServices,
    /// Its parts, for those who compose services in one process.
    pub core: Core,
}

impl Api {
    /// Builds the api and starts what runs beside it: the outbox relay and the listener that keeps caches fresh.
    pub async fn build(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StartError> {
        let core = Core::connect(&config.core, config.policy(), "api").await?;
        let core = core.reaching(&config.outside)?;
        let redis = redis(config)?;
        let cache = cache(config, telemetry);
        let people = people(config, &core)?;
        let services = Arc::new(services(config, &core)?);
        let accounts = Accounts::new(core.deps.clone(), people.clone());
        let instance = format!("api-{}", RandomIds.uuid().simple());
        let bus = Arc::clone(&core.bus);
        let hearing = freshness::watch(
            lifecycle,
            core.bus.clone(),
            async move { bus.close().await },
            Arc::clone(&cache),
            instance.clone(),
        );
        let optional = Optional {
            hearing: hearing.clone(),
            redis: redis.clone(),
            people,
            services: Arc::clone(&services),
        };
        let health = Arc::new(optional.beside(&core, lifecycle));
        let limiter: Arc<dyn RateLimiter> = Arc::new(SharedLimiter::new(redis.clone()));
        let state = ApiState::new(Shared {
            chat_limit: RateLimit::new(Arc::clone(&limiter), config.edge.chat_limit),
            deps: core.deps.clone(),
            rules: Arc::new(CacheRules::new(&cache, config.edge.cache_max_age)),
            cache,
            redis,
            no_redis: RedisStatus::not_configured(&config.redis.key_prefix, config.redis.tls),
            shops: config.shops,
            registration: RegistrationLimits::new(&limiter, &config.registration),
            account_mail: AccountMailLimits::new(&limiter, config.account_mail),
            pages: Pages::of(config),
            status: Arc::new(config.status.clone()),
            requested_bus: config.core.bus.requested,
            bus: Arc::clone(&core.bus),
            hearing,
            instance: instance.into(),
        });
        tell_other_bus(config.core.bus.requested, &core.bus);
        let (routes, document) = routes::assemble(state);
        let steps = steps(config, &document, limiter, accounts.clone(), telemetry)?;
        let operational = operations::router(Operations {
            health: Arc::clone(&health),
            metrics: telemetry.metrics().clone(),
            token: config.server.healthcheck_token.clone(),
        });
        core.run_relay(lifecycle);
        Ok(Self {
            // The documentation stands beside the pipeline, which would take away the slash that its pages are found by.
            router: operational
                .merge(routes::docs(document))
                .merge(dev::router(config))
                .merge(pipeline(routes, steps)),
            grpc: realtime::services(core.deps.clone(), accounts, services, health),
            core,
        })
    }

    /// Builds the api and serves it on its ports.
    pub async fn start(
        config: &Config,
        telemetry: &Telemetry,
        lifecycle: &Lifecycle,
    ) -> Result<(), StartError> {
        let api = Self::build(config, telemetry, lifecycle).await?;
        let public = listen(config.server.address().to_string()).await?;
        let internal = listen(format!("{}:{}", config.server.bind, config.internal.port)).await?;
        lifecycle.serve(public, api.router);
        lifecycle.serve_grpc(internal, api.grpc);
        prepare(lifecycle, api.core, config.edge.cors_origins.clone());
        lifecycle.set_ready();
        Ok(())
    }
}

/// Creates what a local environment lacks, as soon as it can be reached.
pub fn prepare(lifecycle: &Lifecycle, core: Core, cors_origins: Vec<String>) {
    if !core.google.is_local() {
        return;
    }
    let stop = lifecycle.stopping().clone();
    lifecycle.spawn("local environment", async move {
        let origins = Cors::origins(&cors_origins);
        let prepared = async {
            while let Err(error) = core.prepare(&origins).await {
                tracing::warn!(%error, "the local environment is not ready yet");
                tokio::time::sleep(PREPARE_RETRY).await;
            }
        };
        stop.run_until_cancelled(Box::pin(prepared)).await;
        // A task that ends early takes the service down, and this one has nothing more to do.
        stop.cancelled().await;
    });
}

/// Says so when another bus is used than the one that is named.
fn tell_other_bus(requested: BusKind, bus: &Bus) {
    if requested != bus.kind() {
        let (requested, used) = (requested.word(), bus.kind().word());
        tracing::warn!(requested, used, "another event bus is used than asked for");
    }
}

/// Answers that are kept, and measured.
fn cache(config: &Config, telemetry: &Telemetry) -> Arc<ResponseCache> {
    let cache = Arc::new(ResponseCache::new(config.edge.cache_bytes));
    cache.measure(telemetry.metrics());
    cache
}

/// Who says who people are, if anybody does.
fn people(config: &Config, core: &Core) -> Result<Option<FirebaseVerifier>, WiringError> {
    let project = config.outside.firebase_project.as_ref();
    project
        .map(|project| core.google.firebase(project))
        .transpose()
}

/// Who may call the internal server.
fn services(config: &Config, core: &Core) -> Result<OidcVerifier, WiringError> {
    let callers: Vec<&str> = config.internal.callers.iter().map(String::as_str).collect();
    core.google.services(&config.internal.audience, &callers)
}

/// What happens to a request before its handler.
fn steps(
    config: &Config,
    document: &OpenApi,
    limiter: Arc<dyn RateLimiter>,
    accounts: Accounts,
    telemetry: &Telemetry,
) -> Result<PipelineDeps, PatternError> {
    Ok(PipelineDeps {
        routes: RouteTable::new(document.paths.paths.keys())?.body_limit(
            Method::POST,
            "/reels",
            REEL_BODY_BYTES,
        )?,
        cors: Cors::new(&config.edge.cors_origins.join(",")),
        rate_limit: Some(RateLimit::new(limiter, config.edge.rate_limit)),
        identity: Some(IdentityStep::new(accounts)),
        ids: Arc::new(RandomIds),
        metrics: telemetry.metrics().clone(),
    })
}

fn redis(config: &Config) -> Result<Option<Redis>, StartError> {
    let settings = redis_settings(&config.redis);
    Ok(settings.as_ref().map(Redis::connect).transpose()?)
}

async fn listen(address: String) -> Result<TcpListener, StartError> {
    TcpListener::bind(&address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}
