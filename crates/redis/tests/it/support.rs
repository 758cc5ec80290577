//! A server to use, kill, freeze and bring back.

use std::time::{Duration, Instant};

use avvivo_local_servers::{DataFolder, Redis as Server};
use avvivo_redis::{Redis, RedisSettings};
use rustix::process::{Pid, Signal, kill_process};

/// Far more than anything here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

/// A folder with a server that may or may not be running.
pub(crate) struct TestServer {
    folder: DataFolder,
    server: Option<Server>,
    port: u16,
    url: String,
}

impl TestServer {
    /// Starts a server. The parent of the child must be a thread that stays, so this blocks.
    pub(crate) fn start() -> Self {
        let folder = DataFolder::throw_away().unwrap();
        let server = Server::start(&folder).unwrap();
        let (port, url) = (server.port(), server.url(0));
        Self {
            folder,
            server: Some(server),
            port,
            url,
        }
    }

    pub(crate) fn settings(&self) -> RedisSettings {
        RedisSettings {
            url: self.url.clone().into(),
            key_prefix: "avvivo".to_owned(),
            tls: false,
        }
    }

    pub(crate) fn connect(&self) -> Redis {
        Redis::connect(&self.settings()).unwrap()
    }

    /// Kills the server as a crash would.
    pub(crate) fn kill(&mut self) {
        self.server.take().unwrap().kill().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.server = Some(Server::start_on(&self.folder, self.port).unwrap());
    }

    /// Stops it from answering without closing anything, which is worse than being dead.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.server.as_ref().unwrap().id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// A second client beside the one under test, to look at what is stored.
    pub(crate) fn observer(&self) -> redis::Connection {
        redis::Client::open(self.url.as_str())
            .unwrap()
            .get_connection()
            .unwrap()
    }
}

/// Polls until `condition` holds, and fails the test after [`LIMIT`].
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < LIMIT, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
