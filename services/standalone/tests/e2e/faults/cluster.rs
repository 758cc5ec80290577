//! Two apis, two gateways, and the servers they depend on, each a process of its own that can be killed by itself.
//!
//! The command's own platform ends with its servers, so these are started by the test.

mod settings;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use avvivo_local_servers::{
    DataFolder, Durability, PortClaim, Postgres, PrivateProcess, ServerError,
};
use avvivo_postgres::{Database, DatabaseOptions, ensure_database};
use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::{PrivateRedis, Seen, wait_for};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::support::{
    PATIENCE,
    platform::home,
    programs::{STANDALONE, require_services},
};

/// What carries the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bus {
    PubSub,
    Redis,
}

/// A process of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Member {
    /// gcp-local: the bus, unless that is Redis, and whoever signs tokens.
    Google,
    Api(usize),
    Gateway(usize),
}

pub(super) const MEMBERS: [Member; 5] = [
    Member::Google,
    Member::Api(0),
    Member::Api(1),
    Member::Gateway(0),
    Member::Gateway(1),
];

impl Member {
    fn name(self) -> &'static str {
        match self {
            Self::Google => "gcp-local",
            Self::Api(0) => "api-1",
            Self::Api(_) => "api-2",
            Self::Gateway(0) => "gateway-1",
            Self::Gateway(_) => "gateway-2",
        }
    }

    fn program(self) -> PathBuf {
        let program = match self {
            Self::Google => "gcp-local",
            Self::Api(_) => "avvivo-api",
            Self::Gateway(_) => "avvivo-realtime-gateway",
        };
        Path::new(STANDALONE).with_file_name(program)
    }

    /// What it answers with a success when it can be used.
    fn probe(self) -> &'static str {
        match self {
            Self::Google => "/oauth2/v3/certs",
            Self::Api(_) | Self::Gateway(_) => "/ready",
        }
    }
}

/// Everything that runs.
pub(super) struct Cluster {
    running: BTreeMap<Member, PrivateProcess>,
    postgres: Option<Postgres>,
    redis: PrivateRedis,
    bus: Bus,
    ports: BTreeMap<Member, u16>,
    /// Where each api answers the gateways.
    internal: [u16; 2],
    database_url: String,
    postgres_port: u16,
    folder: DataFolder,
    http: Client,
    _claims: Vec<PortClaim>,
    home: TempDir,
}

impl Cluster {
    pub(super) async fn start(bus: Bus) -> Self {
        install_crypto();
        require_services();
        let (folder, postgres) = blocking(|| {
            let folder = DataFolder::throw_away()?;
            // One that forgets what it has confirmed would be found guilty of it.
            let postgres = Postgres::start(&folder, Durability::Durable)?;
            Ok((folder, postgres))
        })
        .await;
        ensure_database(&postgres.url("postgres"), "avvivo")
            .await
            .unwrap();
        let database_url = postgres.url("avvivo");
        let db = Database::lazy(&database_url, &DatabaseOptions::default()).unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let mut claims: Vec<_> = (0..MEMBERS.len() + 2)
            .map(|_| PortClaim::free().unwrap())
            .collect();
        claims.iter_mut().for_each(PortClaim::hand_out);
        let mut drawn = claims.iter().map(PortClaim::port);
        let internal = [drawn.next().unwrap(), drawn.next().unwrap()];
        let mut cluster = Self {
            running: BTreeMap::new(),
            postgres_port: postgres.port(),
            postgres: Some(postgres),
            redis: PrivateRedis::start().await,
            bus,
            ports: MEMBERS.into_iter().zip(drawn).collect(),
            internal,
            database_url,
            folder,
            http: Client::builder()
                .timeout(Duration::from_secs(2))
                .build()
                .unwrap(),
            _claims: claims,
            home: home(),
        };
        for member in MEMBERS {
            cluster.launch(member).await;
            // Who starts without what it needs starts all the same, but slowly.
            cluster.ready(member).await;
        }
        cluster
    }

    pub(super) fn bus(&self) -> Bus {
        self.bus
    }

    pub(super) fn database_url(&self) -> &str {
        &self.database_url
    }

    pub(super) fn url(&self, member: Member) -> String {
        format!("http://{}", self.address(member))
    }

    pub(super) fn address(&self, member: Member) -> SocketAddr {
        ([127, 0, 0, 1], self.ports[&member]).into()
    }

    /// Starts it where it was.
    pub(super) async fn launch(&mut self, member: Member) {
        let (folder, variables) = (self.home.path().to_owned(), self.variables(member));
        let started = blocking(move || {
            PrivateProcess::start(
                &folder,
                member.name(),
                member.program(),
                Vec::new(),
                variables,
            )
        });
        let process = started.await;
        self.running.insert(member, process);
    }

    /// Kills it in mid-work.
    pub(super) async fn kill(&mut self, member: Member) {
        let process = self.running.remove(&member).unwrap();
        blocking(|| process.kill()).await;
    }

    /// Asks it to leave, and waits until it has.
    pub(super) async fn dismiss(&mut self, member: Member) {
        let process = self.running.remove(&member).unwrap();
        blocking(|| PrivateProcess::stop_all(vec![process])).await;
    }

    /// Stops it from doing anything without closing anything, or lets it go on.
    pub(super) fn signal(&self, member: Member, signal: Signal) {
        let pid = i32::try_from(self.running[&member].id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    pub(super) async fn kill_postgres(&mut self) {
        let postgres = self.postgres.take().unwrap();
        blocking(|| postgres.kill()).await;
    }

    pub(super) async fn restart_postgres(&mut self) {
        let (folder, port) = (self.folder.clone(), self.postgres_port);
        let start = move || Postgres::start_on(&folder, Durability::Durable, port);
        self.postgres = Some(blocking(start).await);
    }

    pub(super) async fn kill_redis(&mut self) {
        self.redis.kill().await;
    }

    pub(super) async fn restart_redis(&mut self) {
        self.redis.restart().await;
    }

    /// Waits until it says that it can be used. One that ended by itself has failed.
    pub(super) async fn ready(&mut self, member: Member) {
        let url = self.url(member) + member.probe();
        let process = self.running.get_mut(&member).unwrap();
        let http = &self.http;
        wait_for(
            &format!("{} to be ready", member.name()),
            PATIENCE,
            async || {
                if let Some(status) = process.exited().unwrap() {
                    panic!(
                        "{} ended with {status}: {}",
                        member.name(),
                        log(process.log())
                    );
                }
                match http.get(&url).send().await.map(|answer| answer.status()) {
                    Ok(status) if status.is_success() => Seen::Done(()),
                    other => Seen::NotYet(other),
                }
            },
        )
        .await;
    }

    /// Waits until everybody says that they can be used.
    pub(super) async fn all_ready(&mut self) {
        for member in MEMBERS {
            self.ready(member).await;
        }
    }

    /// The ends of all logs.
    pub(super) fn logs(&self) -> String {
        let mut text = String::new();
        for member in MEMBERS {
            let path = self.home.path().join(format!("{}.log", member.name()));
            writeln!(text, "--- {}\n{}", member.name(), log(&path)).unwrap();
        }
        text
    }
}

/// The end of a log.
fn log(path: &Path) -> String {
    const LINES: usize = 40;
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> T {
    spawn_blocking(call).await.unwrap().unwrap()
}
