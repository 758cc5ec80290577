//! What use cases work with, and the relay that sends what they commit.

use std::{sync::Arc, time::Duration};

use avvivo_app::{
    Deps, Pictures, Policy,
    chat::Together,
    outbox::{Nudge, Relay},
};
use avvivo_gcp::{CloudStorage, CloudTasksQueue};
use avvivo_kernel::{Fault as _, RandomIds, SystemClock};
use avvivo_ports::Unconfigured;
use avvivo_postgres::Database;
use avvivo_service_kit::{
    Lifecycle,
    config::{DatabaseConfig, GoogleConfig, Reader, Section},
    health::{Down, HealthRegistry, Importance},
    trace,
};
use opentelemetry::KeyValue;
use secrecy::ExposeSecret as _;

use crate::{
    bus::Bus,
    config::{BucketConfig, BusConfig, RenderQueueConfig},
    google::{Google, WiringError},
};

/// A dependency that takes longer to answer than this is as good as down.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// What a service with a database reads.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// PostgreSQL.
    pub database: DatabaseConfig,
    /// Google, or its stand-in.
    pub google: GoogleConfig,
    /// Media.
    pub bucket: BucketConfig,
    /// Renders.
    pub queue: RenderQueueConfig,
    /// Events.
    pub bus: BusConfig,
}

impl Section for CoreConfig {
    const TITLE: &'static str = "Core";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            database: reader.section(),
            google: reader.section(),
            bucket: reader.section(),
            queue: reader.section(),
            bus: reader.section(),
        }
    }
}

/// The connected parts of a service with a database.
#[derive(Clone)]
pub struct Core {
    /// What use cases work with.
    pub deps: Deps,
    /// Makes verifiers and further clients.
    pub google: Google,
    /// Files.
    pub store: Arc<CloudStorage>,
    chat_store: Arc<CloudStorage>,
    reports_store: Arc<CloudStorage>,
    /// The bus; listeners subscribe to it.
    pub bus: Arc<Bus>,
    queue: Arc<CloudTasksQueue>,
    pub(crate) relay: Arc<Relay>,
}

impl Core {
    /// Makes the parts. Nothing is contacted yet. `service` names the service on the bus.
    pub async fn connect(
        config: &CoreConfig,
        policy: Policy,
        service: &str,
    ) -> Result<Self, WiringError> {
        let google = Google::new(&config.google)?;
        let db = database(&config.database)?;
        let store = Arc::new(google.object_store(&config.bucket).await?);
        let other = async |name: &Option<String>| {
            let other = google.other_store(&config.bucket, name.as_deref()).await?;
            Ok::<_, WiringError>(other.map_or_else(|| Arc::clone(&store), Arc::new))
        };
        let chat_store = other(&config.bucket.chat_bucket).await?;
        let reports_store = other(&config.bucket.reports_bucket).await?;
        let queue = Arc::new(google.job_queue(&config.queue).await?);
        let bus = Arc::new(Bus::connect(&config.bus, &google, service).await?);
        observe_pool(&db, service);
        let nudge = Nudge::default();
        let relay = Relay::new(
            db.clone(),
            Arc::new(SystemClock),
            bus.clone(),
            queue.clone(),
            nudge.clone(),
        );
        let deps = Deps {
            db,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            store: store.clone(),
            chat_store: chat_store.clone(),
            reports_store: reports_store.clone(),
            pictures: Pictures::default(),
            bus: bus.clone(),
            people: Arc::new(Unconfigured),
            nudge,
            together: Together::default(),
            traceparent: trace::inject_current,
            policy: Arc::new(policy),
        };
        Ok(Self {
            deps,
            google,
            store,
            chat_store,
            reports_store,
            bus,
            queue,
            relay: Arc::new(relay),
        })
    }

    pub(crate) fn new_relay(&self) -> Relay {
        Relay::new(
            self.deps.db.clone(),
            Arc::clone(&self.deps.clock),
            self.bus.clone(),
            self.queue.clone(),
            self.deps.nudge.clone(),
        )
    }

    /// Runs the relay for as long as the service lives.
    pub fn run_relay(&self, lifecycle: &Lifecycle) {
        let relay = Arc::clone(&self.relay);
        let stop = lifecycle.stopping().clone();
        lifecycle.spawn("outbox relay", async move { relay.run(stop).await });
    }

    /// The relay, for those who drain by hand.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Creates what deployments create in production, where the environment is local: bucket, topic, queue. Safe to repeat.
    /// Pages of `web_origins` may upload.
    pub async fn prepare(&self, web_origins: &[String]) -> Result<(), PrepareError> {
        if self.google.is_local() {
            self.store
                .ensure_bucket(self.google.project(), web_origins)
                .await?;
            for other in [&self.chat_store, &self.reports_store] {
                other
                    .ensure_bucket(self.google.project(), web_origins)
                    .await?;
            }
            self.bus.prepare().await?;
        }
        self.google.prepare_queue(&self.queue).await?;
        Ok(())
    }

    /// The dependencies of a service with a database.
    pub fn health(&self, lifecycle: &Lifecycle) -> HealthRegistry {
        let db = self.deps.db.clone();
        let ping = move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|error| Down { code: error.code() }) }
        };
        HealthRegistry::new(lifecycle.readiness()).with(
            "postgres",
            Importance::Required,
            CHECK_LIMIT,
            ping,
        )
    }
}

/// Counts the pool's connections, by the name that OpenTelemetry gives them.
fn observe_pool(db: &Database, service: &str) {
    let (db, pool) = (
        db.clone(),
        KeyValue::new("db.client.connection.pool.name", service.to_owned()),
    );
    opentelemetry::global::meter("avvivo.postgres")
        .u64_observable_gauge("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("Connections of the pool, by state")
        .with_callback(move |observer| {
            let (open, idle) = db.pool_size();
            let idle = u64::try_from(idle).unwrap_or_default();
            for (state, count) in [
                ("idle", idle),
                ("used", u64::from(open).saturating_sub(idle)),
            ] {
                observer.observe(
                    count,
                    &[
                        pool.clone(),
                        KeyValue::new("db.client.connection.state", state),
                    ],
                );
            }
        })
        .build();
}

/// Why the local environment could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The bucket.
    #[error(transparent)]
    Store(#[from] avvivo_ports::StoreError),
    /// The topic.
    #[error(transparent)]
    Bus(#[from] avvivo_ports::BusError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] avvivo_ports::QueueError),
}

/// The database of a configuration.
pub fn database(config: &DatabaseConfig) -> Result<Database, WiringError> {
    let options = avvivo_postgres::DatabaseOptions {
        max_connections: config.pool_size,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
    };
    Ok(Database::lazy(config.url.expose_secret(), &options)?)
}
