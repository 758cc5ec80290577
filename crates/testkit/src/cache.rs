//! A Redis per test: a part of the shared server, or a private one that can be killed.

use avvivo_local_servers::{DataFolder, Redis, ServerError};
use redis::{Client, RedisError, aio::MultiplexedConnection};
use tokio::task::spawn_blocking;

use crate::server::address;

/// A numbered database of the shared server, empty at first, that no other running test uses.
///
/// Redis does not divide channels by database: code that publishes takes [`prefix`](Self::prefix) too.
#[derive(Debug)]
pub struct TestRedis {
    url: String,
    prefix: String,
    client: Client,
}

impl TestRedis {
    /// Takes the next database of the server at `TEST_REDIS_URL`.
    pub async fn create() -> Self {
        let url = address("TEST_REDIS_URL");
        match Self::on_server(&url).await {
            Ok(redis) => redis,
            Err(error) => panic!("no test Redis on TEST_REDIS_URL: {error}"),
        }
    }

    async fn on_server(server: &str) -> Result<Self, RedisError> {
        // Database 0 is the desk where the others are handed out in turn. There are far more than tests run at once.
        let mut desk = Client::open(server)?
            .get_multiplexed_async_connection()
            .await?;
        let ticket: u64 = redis::cmd("INCR")
            .arg("tests")
            .query_async(&mut desk)
            .await?;
        let database = 1 + ticket % u64::from(Redis::DATABASES - 1);
        let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
        let url = format!("{base}/{database}");
        let client = Client::open(url.as_str())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("FLUSHDB")
            .query_async::<()>(&mut connection)
            .await?;
        Ok(Self {
            url,
            prefix: format!("test{ticket}:"),
            client,
        })
    }

    /// The address, database number included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A prefix for keys and channels that no other test has.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Forgets everything, as a server that starts anew.
    pub async fn clear(&self) {
        let mut connection = self.connect().await;
        let command = redis::cmd("FLUSHDB");
        if let Err(error) = command.query_async::<()>(&mut connection).await {
            panic!("the test Redis does not forget: {error}");
        }
    }

    /// A new connection.
    pub async fn connect(&self) -> MultiplexedConnection {
        match self.client.get_multiplexed_async_connection().await {
            Ok(connection) => connection,
            Err(error) => panic!("the test Redis does not answer: {error}"),
        }
    }
}

/// A Redis server of one test's own, for tests of what happens when it goes away and comes back.
#[derive(Debug)]
pub struct PrivateRedis {
    folder: DataFolder,
    port: u16,
    url: String,
    running: Option<Redis>,
}

impl PrivateRedis {
    /// Starts a server.
    pub async fn start() -> Self {
        blocking(|| {
            let folder = DataFolder::throw_away()?;
            let redis = Redis::start(&folder)?;
            Ok(Self {
                folder,
                port: redis.port(),
                url: redis.url(0),
                running: Some(redis),
            })
        })
        .await
    }

    /// The address; it stays the same over [`kill`](Self::kill) and [`restart`](Self::restart).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills the server. Nothing listens at the address from here on.
    pub async fn kill(&mut self) {
        if let Some(redis) = self.running.take() {
            blocking(|| redis.kill()).await;
        }
    }

    /// Starts a new, empty server at the same address, after ending the one that runs.
    pub async fn restart(&mut self) {
        self.kill().await;
        let (folder, port) = (self.folder.clone(), self.port);
        self.running = Some(blocking(move || Redis::start_on(&folder, port)).await);
    }
}

/// Runs a call that waits for a process away from the test's own tasks.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> T {
    match spawn_blocking(call).await {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => panic!("private Redis: {error}"),
        Err(error) => panic!("private Redis: {error}"),
    }
}
