//! PostgreSQL and Redis of our own, in the data folder.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use avvivo_local_servers::{DataFolder, Durability, Postgres, Program, Redis, require};
use avvivo_postgres::ensure_database;
use avvivo_service_kit::Lifecycle;
use tokio::task::spawn_blocking;

use crate::place::Place;

/// Where their data is, in the data folder.
const FOLDER: &str = "servers";
/// The database in the private cluster.
const DATABASE: &str = "avvivo";
/// How often to look whether they still run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Both servers.
pub(crate) struct Servers {
    database_url: String,
    redis_url: String,
    running: Arc<Mutex<Option<(Postgres, Redis)>>>,
}

impl Servers {
    /// Starts them, and creates the database when it is not there.
    pub(crate) async fn start(place: &Place) -> anyhow::Result<Self> {
        let path = place.file(FOLDER);
        let (postgres, redis) = spawn_blocking(move || -> anyhow::Result<_> {
            require(&[
                Program::Postgres,
                Program::Redis,
                Program::Ffmpeg,
                Program::Ffprobe,
            ])?;
            let folder = DataFolder::open(&path)?;
            Ok((
                Postgres::start(&folder, Durability::Durable)?,
                Redis::start(&folder)?,
            ))
        })
        .await??;
        ensure_database(&postgres.url("postgres"), DATABASE).await?;
        Ok(Self {
            database_url: postgres.url(DATABASE),
            redis_url: redis.url(0),
            running: Arc::new(Mutex::new(Some((postgres, redis)))),
        })
    }

    /// The platform's database.
    pub(crate) fn database_url(&self) -> String {
        self.database_url.clone()
    }

    /// The platform's Redis.
    pub(crate) fn redis_url(&self) -> String {
        self.redis_url.clone()
    }

    /// Stops the platform, loudly, when one of them ends by itself.
    pub(crate) fn watch(&self, lifecycle: &Lifecycle) {
        let (running, stop) = (Arc::clone(&self.running), lifecycle.stopping().clone());
        lifecycle.spawn("private servers", async move {
            while stop
                .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
                .await
                .is_some()
            {
                if let Some((postgres, redis)) = running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .as_mut()
                {
                    if let Some(status) = postgres.exited()? {
                        anyhow::bail!("PostgreSQL ended with {status}");
                    }
                    if let Some(status) = redis.exited()? {
                        anyhow::bail!("Redis ended with {status}");
                    }
                }
            }
            Ok(())
        });
    }

    /// Stops them in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        spawn_blocking(move || -> anyhow::Result<()> {
            let servers = self
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some((postgres, redis)) = servers {
                redis.stop()?;
                postgres.stop()?;
            }
            Ok(())
        })
        .await?
    }
}

/// Deletes their data, which is elsewhere where the database's user cannot reach the data folder.
pub(crate) async fn forget(place: &Place) -> anyhow::Result<()> {
    let path = place.file(FOLDER);
    if place.is_there()? && path.exists() {
        spawn_blocking(move || DataFolder::open(&path).map(|folder| folder.remove_when_done()))
            .await??;
    }
    Ok(())
}
