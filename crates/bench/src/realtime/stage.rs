//! What stands around the two, made for this benchmark and thrown away after it; and how each is started.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use avvivo_local_servers::{DataFolder, PrivateProcess, Redis, free_port};
use redis::aio::MultiplexedConnection;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

use super::{api, past::Past, tools::Tools, writers};
use crate::{
    platform::{PROJECT, Variables, start_google},
    service::{Kind, Service},
    tool::Cores,
};

/// Descriptors of a gateway that are no streams.
const OTHER_DESCRIPTORS: u64 = 1_500;
/// Places that a gateway keeps free, for those who come back before it has noticed that they left.
const SPARE_PLACES: u32 = 500;
/// The most readers of one process that any goal speaks of, and the fewest that these benchmarks make sense with.
const MOST_READERS: u32 = 19_000;
const LEAST_READERS: u32 = 10_000;
/// Longer than the floor takes.
const START_LIMIT: Duration = Duration::from_secs(5);

/// The surroundings, running.
pub(super) struct Stage {
    pub(super) tools: Tools,
    /// Streams that one gateway may have, as descriptors allow.
    places: u32,
    redis: Redis,
    google: Service,
    folder: DataFolder,
    api: u16,
    writers: u16,
    past: Past,
    _servers: JoinSet<anyhow::Result<()>>,
}

/// Who carries streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Floor,
    Gateway,
}

impl Who {
    /// What tables call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Gateway => "gateway",
        }
    }
}

/// One of them, running. Dropping it stops it.
pub(super) struct Server {
    pub(super) who: Who,
    /// Its process.
    pub(super) id: u32,
    /// Its own port, and where its writers post to.
    pub(super) port: u16,
    pub(super) writers: u16,
    process: Process,
}

enum Process {
    Floor(PrivateProcess),
    Gateway(Service),
}

impl Stage {
    pub(super) async fn start(tools: Tools) -> anyhow::Result<Self> {
        let descriptors = raise_descriptors()?;
        let places = descriptors.saturating_sub(OTHER_DESCRIPTORS);
        let most = MOST_READERS + SPARE_PLACES;
        let places = u32::try_from(places).map_or(most, |places| places.min(most));
        let wanted = LEAST_READERS + SPARE_PLACES;
        anyhow::ensure!(
            places >= wanted,
            "a process may open {descriptors} files here; {LEAST_READERS} readers take {}",
            u64::from(wanted) + OTHER_DESCRIPTORS
        );
        let (folder, redis) = spawn_blocking(|| -> anyhow::Result<_> {
            let folder = DataFolder::throw_away()?;
            let redis = Redis::start(&folder)?;
            Ok((folder, redis))
        })
        .await??;
        let google = start_google(&folder.path().join("google")).await?;
        let past = Past::default();
        let mut servers = JoinSet::new();
        let (listener, api) = listen().await?;
        let told = past.clone();
        servers.spawn(async move { Ok(api::serve(listener, told).await?) });
        let (listener, writers) = listen().await?;
        let (bus, told) = (connect(&redis).await?, past.clone());
        servers.spawn(async move {
            writers::serve(listener, bus, told).await;
            Ok(())
        });
        Ok(Self {
            tools,
            places,
            redis,
            google,
            folder,
            api,
            writers,
            past,
            _servers: servers,
        })
    }

    /// As many readers as one gateway takes here.
    pub(super) fn most_readers(&self) -> u32 {
        self.places - SPARE_PLACES
    }

    /// Redis' process.
    pub(super) fn redis_process(&self) -> u32 {
        self.redis.id()
    }

    /// Starts one of the two, with nothing in its past.
    pub(super) async fn server(&self, who: Who) -> anyhow::Result<Server> {
        self.past.forget();
        match who {
            Who::Floor => self.floor().await,
            Who::Gateway => self.gateway(1).await,
        }
    }

    async fn floor(&self) -> anyhow::Result<Server> {
        let port = free_port()?;
        let process = PrivateProcess::start(
            self.folder.path(),
            "floor",
            self.tools.floor.clone(),
            vec![port.to_string().into()],
            Variables::new(),
        )?;
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            anyhow::ensure!(began.elapsed() < START_LIMIT, "the floor does not listen");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Server {
            who: Who::Floor,
            id: process.id(),
            port,
            writers: port,
            process: Process::Floor(process),
        })
    }

    /// Starts a gateway beside those that have other numbers.
    pub(super) async fn gateway(&self, number: u32) -> anyhow::Result<Server> {
        let folder = self.folder.path().join(format!("gateway-{number}"));
        let mut gateway = self.start_gateway(&folder)?;
        gateway.first_answer("/ready").await?;
        Ok(Server {
            who: Who::Gateway,
            id: gateway.id(),
            port: gateway.port(),
            writers: self.writers,
            process: Process::Gateway(gateway),
        })
    }

    fn start_gateway(&self, folder: &Path) -> anyhow::Result<Service> {
        let google = format!("127.0.0.1:{}", self.google.port());
        let account = format!("{}@{PROJECT}.iam.gserviceaccount.com", Kind::Gateway.name());
        let variables = [
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("RUST_LOG", "warn".to_owned()),
            ("GOOGLE_CLOUD_PROJECT", PROJECT.to_owned()),
            ("PUBSUB_EMULATOR_HOST", google.clone()),
            ("STORAGE_BASE_URL", self.google.url()),
            ("CLOUD_TASKS_BASE_URL", self.google.url()),
            ("GCE_METADATA_HOST", format!("{google}/as/{account}")),
            (
                "GOOGLE_OIDC_JWKS_URL",
                format!("{}/oauth2/v3/certs", self.google.url()),
            ),
            ("API_INTERNAL_URL", format!("http://127.0.0.1:{}", self.api)),
            ("REDIS_URL", self.redis.url(0)),
            ("REDIS_KEY_PREFIX", writers::PREFIX.to_owned()),
            ("CHAT_REALTIME_BUS", "redis".to_owned()),
            ("CHAT_REALTIME_REDIS_CHANNEL", writers::CHANNEL.to_owned()),
            ("GATEWAY_MAX_CONNECTIONS", self.places.to_string()),
            // All readers come from a few addresses of this machine.
            (
                "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS",
                self.places.to_string(),
            ),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let variables = Variables::from(variables);
        Service::start(folder, Kind::Gateway, variables, Vec::new(), Cores::Both)
    }
}

impl Server {
    /// Kills it: nothing that it holds is worth waiting for.
    pub(super) fn kill(self) -> anyhow::Result<()> {
        match self.process {
            Process::Floor(floor) => Ok(floor.kill()?),
            Process::Gateway(gateway) => gateway.kill(),
        }
    }
}

async fn listen() -> anyhow::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn connect(redis: &Redis) -> anyhow::Result<MultiplexedConnection> {
    let client = redis::Client::open(redis.url(0))?;
    let connection = client.get_multiplexed_async_connection().await;
    connection.context("Redis takes no connection")
}

/// Lets this process and those that it starts open as many files as they may; answers how many that is.
fn raise_descriptors() -> anyhow::Result<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let most = limit.maximum.unwrap_or(u64::MAX);
    setrlimit(Resource::Nofile, limit)?;
    Ok(most)
}
