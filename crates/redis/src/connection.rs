//! The shared connection, with deadlines and a circuit in front of it.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo as _, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    breaker::{Breaker, Permit},
    error::{RedisError, is_outage},
    keys,
    status::{CommandStatus, RedisStatus},
};

/// A Redis in the same network answers in well under a millisecond; one that takes this long is away. A request that
/// meets the beginning of an outage waits this long, once.
const COMMAND_LIMIT: Duration = Duration::from_millis(150);
/// Time to connect, a TLS handshake included.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);
/// Commands waiting to be written; further callers wait within their deadline.
const PIPELINE: usize = 512;

/// How to reach Redis.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://` address, password included.
    pub url: SecretString,
    /// Stands before every key; empty for none.
    pub key_prefix: String,
    /// Encrypt even when the address says `redis://`.
    pub tls: bool,
}

/// The process's connection to Redis; clones share it.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    connection: Mutex<ConnectionManager>,
    breaker: Mutex<Breaker>,
    probes: TaskTracker,
    closed: CancellationToken,
    used: AtomicBool,
    answered: AtomicBool,
    key_prefix: String,
    tls: bool,
}

impl Redis {
    /// A connection that is made with the first command, and again after every loss.
    ///
    /// Has to be called inside a tokio runtime. Never waits: a service starts whether or not Redis is there.
    pub fn connect(settings: &RedisSettings) -> Result<Self, RedisError> {
        let client = client(settings)?;
        let tls = matches!(
            client.get_connection_info().addr(),
            ConnectionAddr::TcpTls { .. }
        );
        let connection = new_connection(&client).map_err(RedisError::Address)?;
        let inner = Inner {
            client,
            connection: Mutex::new(connection),
            breaker: Mutex::new(Breaker::new()),
            probes: TaskTracker::new(),
            closed: CancellationToken::new(),
            used: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            key_prefix: settings.key_prefix.clone(),
            tls,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The full name of a key: `<prefix>:<namespace>:<part>`.
    pub fn key(&self, namespace: &str, part: &str) -> String {
        keys::key(&self.inner.key_prefix, namespace, part)
    }

    /// Sends commands, within the deadline and only while the circuit is closed.
    ///
    /// `commands` must be harmless to give up half way: past the deadline it is dropped.
    pub async fn call<T, F, Fut>(&self, commands: F) -> Result<T, RedisError>
    where
        F: FnOnce(ConnectionManager) -> Fut,
        Fut: Future<Output = RedisResult<T>>,
    {
        let inner = &self.inner;
        if inner.closed.is_cancelled() {
            return Err(RedisError::Away);
        }
        let permit = inner.breaker().permit(Instant::now());
        match permit {
            Permit::Go => {}
            Permit::Refused => return Err(RedisError::Away),
            Permit::RefusedButProbe => {
                self.start_probe();
                return Err(RedisError::Away);
            }
        }
        // The first command also has to connect.
        let first = !inner.used.swap(true, Ordering::Relaxed);
        let limit = if first { CONNECT_LIMIT } else { COMMAND_LIMIT };
        let answer = tokio::time::timeout(limit, commands(inner.connection())).await;
        self.judge(answer.unwrap_or_else(|_| Err(timed_out())))
    }

    fn judge<T>(&self, answer: RedisResult<T>) -> Result<T, RedisError> {
        let inner = &self.inner;
        match answer {
            Err(error) if is_outage(&error) => {
                if inner.breaker().command_failed(Instant::now()) {
                    tracing::warn!(%error, "Redis is away, doing without");
                }
                if error.is_timeout() {
                    Err(RedisError::Timeout)
                } else {
                    Err(error.into())
                }
            }
            Err(error) => Err(error.into()),
            Ok(value) => {
                inner.answered.store(true, Ordering::Relaxed);
                inner.breaker().command_succeeded();
                Ok(value)
            }
        }
    }

    /// Asks the server whether it is back, beside the requests.
    fn start_probe(&self) {
        let inner = Arc::clone(&self.inner);
        self.inner.probes.spawn(async move {
            // None when the connection was closed meanwhile: then nobody asks any more.
            let answer = inner.closed.run_until_cancelled(inner.probe()).await;
            match answer {
                Some(Ok(())) => tracing::info!("Redis is back"),
                Some(Err(error)) => tracing::debug!(%error, "Redis is still away"),
                None => {}
            }
        });
    }

    /// Whether Redis answers now. For health checks; it also is what makes an idle process notice a recovery.
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.call(ping).await
    }

    /// What the status page shows.
    pub fn status(&self) -> RedisStatus {
        let inner = &self.inner;
        let command_status = if inner.closed.is_cancelled() {
            CommandStatus::End
        } else if !inner.breaker().is_closed() {
            CommandStatus::Reconnecting
        } else if inner.answered.load(Ordering::Relaxed) {
            CommandStatus::Ready
        } else if inner.used.load(Ordering::Relaxed) {
            CommandStatus::Connecting
        } else {
            CommandStatus::Idle
        };
        RedisStatus {
            configured: true,
            command_status,
            ..RedisStatus::not_configured(&inner.key_prefix, inner.tls)
        }
    }

    /// Sends nothing from now on, and waits for a probe that is under way.
    pub async fn close(&self) {
        self.inner.closed.cancel();
        self.inner.probes.close();
        self.inner.probes.wait().await;
    }
}

impl Inner {
    /// Tries a connection of its own and, when it works, puts it in the old one's place: one that failed for another
    /// reason than the network (a server still loading, a password being rotated) never heals by itself.
    async fn probe(&self) -> RedisResult<()> {
        let attempt = async {
            let fresh = new_connection(&self.client)?;
            ping(fresh.clone()).await?;
            Ok(fresh)
        };
        let limit = CONNECT_LIMIT + COMMAND_LIMIT;
        match tokio::time::timeout(limit, attempt)
            .await
            .unwrap_or_else(|_| Err(timed_out()))
        {
            Ok(fresh) => {
                *self
                    .connection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = fresh;
                self.answered.store(true, Ordering::Relaxed);
                self.breaker().probe_succeeded();
                Ok(())
            }
            Err(error) => {
                self.breaker().probe_failed(Instant::now());
                Err(error)
            }
        }
    }

    fn connection(&self) -> ConnectionManager {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The lock is held for a comparison, never across a wait.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.status()).finish()
    }
}

/// What makes connections.
pub(crate) fn client(settings: &RedisSettings) -> Result<Client, RedisError> {
    let url = settings.url.expose_secret();
    let url = match url.strip_prefix("redis://") {
        Some(rest) if settings.tls => format!("rediss://{rest}"),
        _ => url.to_owned(),
    };
    // A pipeline longer than a packet must not wait for the answer to its beginning.
    let tcp = TcpSettings::default().set_nodelay(true);
    let address = url.into_connection_info();
    address
        .and_then(|address| Client::open(address.set_tcp_settings(tcp)))
        .map_err(RedisError::Address)
}

/// Retrying is the circuit's business: the manager tries once each time it is asked.
fn new_connection(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_response_timeout(Some(COMMAND_LIMIT))
        .set_number_of_retries(0)
        .set_pipeline_buffer_size(PIPELINE);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

async fn ping(mut connection: ConnectionManager) -> RedisResult<()> {
    redis::cmd("PING").exec_async(&mut connection).await
}

fn timed_out() -> redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
