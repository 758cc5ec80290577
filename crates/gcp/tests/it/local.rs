//! gcp-local, to be used and to be killed.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use avvivo_gcp::{Environment, LocalServer};
use gcp_local::{Config, GcpLocal};
use tokio::runtime::Runtime;

/// A server in the runtime of the test, for all who want it running.
pub(crate) async fn start() -> GcpLocal {
    GcpLocal::start(Config::default()).await.unwrap()
}

pub(crate) fn environment(server: &GcpLocal) -> Environment {
    let key = server.service_account_key().to_owned();
    Environment::Local(LocalServer::at(server.url(), Some(key.into())))
}

/// A server with a runtime of its own, which dies with all its connections.
pub(crate) struct Mortal {
    runtime: Runtime,
    server: GcpLocal,
}

impl Mortal {
    /// Starts at `listen`; must not be called from async code.
    pub(crate) fn start(listen: SocketAddr) -> Self {
        Self::start_with(Config {
            listen,
            ..Config::default()
        })
    }

    /// The same, with what it keeps in a folder.
    pub(crate) fn start_in(folder: &Path, listen: SocketAddr) -> Self {
        Self::start_with(Config {
            listen,
            data_dir: Some(folder.to_owned()),
            ..Config::default()
        })
    }

    fn start_with(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(GcpLocal::start(config)).unwrap();
        Self { runtime, server }
    }

    pub(crate) fn environment(&self) -> Environment {
        environment(&self.server)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    pub(crate) fn kill(self) {
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}
