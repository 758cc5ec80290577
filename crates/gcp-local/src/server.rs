//! Start and stop: one listener, one router, all services.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::connection::{Connection, Undelayed};
use crate::issuer::{self, Issuer};
use crate::state::State;
use crate::storage::ServiceAccount;
use crate::store::{Store, StoreError};
use crate::{pages, pubsub, storage, tasks};

/// How long a shutdown waits for running requests and deliveries before it drops them. Everything
/// that was acknowledged is already on disk.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// Targets of pushes and tasks may be slow to answer, not slow to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Scheme and authority that `Location` headers, signed URLs and tokens name. Default: the
    /// bound address. Needed behind a proxy, or when listening on all interfaces.
    pub public_url: Option<String>,
    /// Folder to keep everything in; created when missing. `None` keeps nothing after shutdown.
    pub data_dir: Option<PathBuf>,
    /// The Google Cloud project this server plays.
    pub project: String,
}

impl Default for Config {
    /// Loopback, a free port, nothing kept: what a test wants.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            data_dir: None,
            project: "local".to_owned(),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[error("gcp-local cannot {doing}")]
pub struct StartError {
    doing: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StartError {
    /// `doing` completes "gcp-local cannot …".
    pub(crate) fn new(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing: doing.into(),
            source: source.into(),
        }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::new("use its database", error)
    }
}

/// A running local Google Cloud. Dropping it stops it abruptly; [`GcpLocal::shutdown`] drains it.
pub struct GcpLocal {
    addr: SocketAddr,
    state: State,
    /// Deleted with the server when no folder was given.
    _scratch: Option<tempfile::TempDir>,
}

impl GcpLocal {
    /// Binds the address, opens the data and serves.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| StartError::new(format!("listen on {}", config.listen), error))?;
        let addr = listener
            .local_addr()
            .map_err(|error| StartError::new("learn its address", error))?;
        let public_url = config
            .public_url
            .unwrap_or_else(|| format!("http://{addr}"));
        let (store, folder, scratch) = open_data(config.data_dir.as_deref())?;
        let clock = Clock::system();
        let public_url: Arc<str> = public_url.trim_end_matches('/').into();
        let project: Arc<str> = config.project.into();
        let issuer = Issuer::open(&store, &clock, &public_url, &project).await?;
        let service_account = open_service_account(&folder, &project).await?;
        let state = State {
            store,
            service_account,
            data_dir: folder,
            issuer,
            clock,
            deliveries: delivery_client()?,
            background: TaskTracker::new(),
            stop: CancellationToken::new(),
            public_url,
            project,
        };
        let router = router(&state).await?;
        let stop = state.stop.clone();
        state.background.spawn(async move {
            let service = router.into_make_service_with_connect_info::<Connection>();
            let served = axum::serve(Undelayed(listener), service)
                .with_graceful_shutdown(stop.cancelled_owned())
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "serving ended");
            }
        });
        Ok(Self {
            addr,
            state,
            _scratch: scratch,
        })
    }

    /// Scheme and authority under which clients reach this server.
    pub fn url(&self) -> &str {
        &self.state.public_url
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Mints the tokens that Google, or Firebase, would.
    pub fn issuer(&self) -> &Issuer {
        &self.state.issuer
    }

    /// The key file of the service account whose signed URLs this server accepts: JSON, in Google's
    /// format, private key included.
    pub fn service_account_key(&self) -> &str {
        self.state.service_account.key_file()
    }

    /// This server's time, to be moved forward by tests.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// Stops accepting, lets running work end within ten seconds, and returns.
    pub async fn shutdown(self) {
        self.state.stop.cancel();
        self.state.background.close();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.state.background.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.state.background.len(),
                "shutdown abandons running work"
            );
        }
    }
}

impl Drop for GcpLocal {
    fn drop(&mut self) {
        self.state.stop.cancel();
    }
}

/// The one place that knows all services. Their paths do not overlap, except that Cloud Storage's
/// `/bucket/object` takes whatever nobody else claims.
async fn router(state: &State) -> Result<Router, StartError> {
    let for_programs = Router::new()
        .merge(issuer::routes(state))
        .merge(pubsub::routes(state).await?)
        .merge(tasks::routes(state).await?)
        .layer(from_fn(pages::refuse));
    Ok(Router::new()
        // Google's emulators answer so too; scripts wait for it.
        .route("/", get(|| async { "Ok" }))
        .merge(for_programs)
        .merge(issuer::pages(state))
        .merge(storage::routes(state).await?))
}

type Data = (Store, Arc<Path>, Option<tempfile::TempDir>);

fn open_data(folder: Option<&Path>) -> Result<Data, StartError> {
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| {
            StartError::new(format!("create its folder {}", folder.display()), error)
        })?;
        return Ok((Store::open(Some(folder))?, folder.into(), None));
    }
    let scratch = tempfile::Builder::new()
        .prefix("gcp-local-")
        .tempdir()
        .map_err(|error| StartError::new("create a temporary folder", error))?;
    Ok((Store::open(None)?, scratch.path().into(), Some(scratch)))
}

async fn open_service_account(
    folder: &Arc<Path>,
    project: &Arc<str>,
) -> Result<ServiceAccount, StartError> {
    let (folder, project) = (Arc::clone(folder), Arc::clone(project));
    let doing = "open its service account's key";
    tokio::task::spawn_blocking(move || ServiceAccount::open(&folder, &project))
        .await
        .map_err(|error| StartError::new(doing, error))?
        .map_err(|error| StartError::new(doing, error))
}

fn delivery_client() -> Result<reqwest::Client, StartError> {
    // Embedders may have installed a provider already; either is fine.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        tracing::trace!("a TLS provider was already installed");
    }
    reqwest::Client::builder()
        // The host's proxy would not find what runs beside us, and Google does not ask it either.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| StartError::new("build its HTTP client", error))
}
