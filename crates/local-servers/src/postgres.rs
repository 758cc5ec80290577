//! A private PostgreSQL server.

mod cluster;
mod readiness;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use crate::{
    error::{ServerError, log_tail},
    folder::DataFolder,
    guarded::{Guarded, Launch, StopSignal},
    log::open_log,
    port::with_free_port,
};

use cluster::Cluster;
use readiness::{accepts_connections, is_ready};

const NAME: &str = "PostgreSQL";

/// The one role of a private server; it owns everything.
const ROLE: &str = "avvivo";

/// A start takes a tenth of a second, but after a crash the log is replayed first.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// A fast shutdown writes one checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Between two looks at a server that is starting.
const POLL: Duration = Duration::from_millis(5);

/// Whether the data is worth waiting for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A commit that was confirmed survives a power cut.
    Durable,
    /// Fast; nothing survives a crash of the machine (a crash of the server alone loses nothing).
    ThrowAway,
}

/// A running PostgreSQL server that stops when this is dropped and dies when we die.
#[derive(Debug)]
pub struct Postgres {
    server: Guarded,
    bin: PathBuf,
    port: u16,
    password: String,
    // After the server, because the folder may be removed with its last holder.
    _folder: DataFolder,
}

impl Postgres {
    /// Starts a server on a free port, making its cluster first when the folder has none.
    pub fn start(folder: &DataFolder, durability: Durability) -> Result<Self, ServerError> {
        with_free_port(|port| Self::start_on(folder, durability, port))
    }

    /// Starts a server on the given port of 127.0.0.1.
    pub fn start_on(
        folder: &DataFolder,
        durability: Durability,
        port: u16,
    ) -> Result<Self, ServerError> {
        let cluster = Cluster::in_folder(folder)?;
        cluster.ensure()?;
        cluster.clear_stale_pid_file(STOP_LIMIT)?;
        cluster.write_access_rules(durability)?;
        let mut server = Guarded::spawn(Launch {
            name: NAME,
            program: cluster.bin.join("postgres"),
            args: cluster.server_args(durability, port),
            environment: BTreeMap::new(),
            run_as: cluster.run_as,
            log: open_log(&cluster.log)?,
            stop_signal: StopSignal::Interrupt,
        })?;
        wait_ready(&cluster, &mut server, port)?;
        let Cluster { bin, password, .. } = cluster;
        Ok(Self {
            server,
            bin,
            port,
            password,
            _folder: folder.clone(),
        })
    }

    /// The address of a database of this server, whether it exists or not. `postgres` always does.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{ROLE}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with this version's programs (`psql`, `pgbench`).
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The process id of the server.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How the server ended, when it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.server.wait(Duration::ZERO)
    }

    /// Stops the server without waiting for its clients.
    pub fn stop(mut self) -> Result<(), ServerError> {
        self.server.stop(STOP_LIMIT).map(drop)
    }

    /// Kills the server in mid-work, for tests of what happens then.
    pub fn kill(mut self) -> Result<(), ServerError> {
        self.server.kill().map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure, and the guard kills what did not stop.
        drop(self.server.stop(STOP_LIMIT));
    }
}

fn wait_ready(cluster: &Cluster, server: &mut Guarded, port: u16) -> Result<(), ServerError> {
    let deadline = Instant::now() + READY_LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = server.wait(POLL)? {
            let log_tail = log_tail(&cluster.log);
            return Err(ServerError::Exited {
                server: NAME,
                status,
                log_tail,
            });
        }
        // The pid file tells our child from a stranger that listens on the same port.
        if is_ready(&cluster.pid_file(), server.id()) && accepts_connections(port) {
            return Ok(());
        }
    }
    Err(ServerError::NotReady {
        server: NAME,
        limit: READY_LIMIT,
        log_tail: log_tail(&cluster.log),
    })
}
