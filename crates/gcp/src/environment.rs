//! Which Google Cloud the clients talk to, and how patient they are with it.
//!
//! Everything else in this crate is the same in production and on a laptop: a local server is an
//! endpoint, anonymous credentials and a key of its own, nothing more.

use std::time::Duration;

use google_cloud_auth::credentials::{self, Credentials, anonymous, service_account};
use google_cloud_auth::signer::Signer;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicy, RetryPolicyExt};
use google_cloud_pubsub::client::{BasePublisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use google_cloud_storage::client::{Storage, StorageControl};
use google_cloud_tasks_v2::client::CloudTasks;
use secrecy::{ExposeSecret, SecretString};

/// How long one call may take, retries included. Somebody waits for most of them, and the outbox
/// repeats what fails; the clients' own default is up to ten minutes.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Attempts of a transfer. It has no time limit of its own, because files take as long as they
/// take; the callers bound it by size and by silence.
const TRANSFER_ATTEMPTS: u32 = 4;

/// Where the clients go.
#[derive(Debug, Clone)]
pub enum Environment {
    /// Google Cloud, with application default credentials.
    Google,
    /// A server that speaks Google's wire, such as `gcp-local` or one of Google's emulators.
    Local(LocalServer),
}

/// A stand-in for Google Cloud. URLs are scheme and authority.
#[derive(Debug, Clone)]
pub struct LocalServer {
    /// Pub/Sub.
    pub pubsub: String,
    /// Cloud Storage.
    pub storage: String,
    /// Cloud Tasks.
    pub tasks: String,
    /// The metadata server, which issues ID tokens. A path may follow, such as gcp-local's
    /// `/as/<service account>`, which says whose tokens. `GCE_METADATA_HOST` overrides it.
    pub metadata: String,
    /// A service account key in Google's JSON format that the storage server knows, to sign
    /// uploads with. `None` where nothing is signed.
    pub signing_key: Option<SecretString>,
}

impl LocalServer {
    /// One server that plays all services.
    pub fn at(url: &str, signing_key: Option<SecretString>) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self {
            pubsub: url.clone(),
            storage: url.clone(),
            tasks: url.clone(),
            metadata: url,
            signing_key,
        }
    }
}

/// A client could not be put together: a malformed endpoint, key or credentials file.
#[derive(Debug, thiserror::Error)]
#[error("cannot build the client for {service}")]
pub struct BuildError {
    service: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl BuildError {
    fn new(
        service: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self { service, source }
    }
}

/// The official builders share their methods but no trait.
macro_rules! build {
    ($service:literal, $builder:expr, $endpoint:expr) => {{
        let builder = $builder;
        let builder = match $endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint).with_credentials(nobody()),
            None => builder,
        };
        let built = builder.build().await;
        built.map_err(|error| BuildError::new($service, error))
    }};
}

impl Environment {
    pub(crate) async fn publisher(&self) -> Result<BasePublisher, BuildError> {
        let builder = BasePublisher::builder()
            .with_retry_policy(
                google_cloud_pubsub::retry_policy::RetryableErrors.with_time_limit(CALL_LIMIT),
            )
            .with_backoff_policy(backoff());
        build!("publishing", builder, self.local(|server| &server.pubsub))
    }

    pub(crate) async fn subscriber(&self) -> Result<Subscriber, BuildError> {
        let builder = Subscriber::builder();
        build!("subscribing", builder, self.local(|server| &server.pubsub))
    }

    pub(crate) async fn topics(&self) -> Result<TopicAdmin, BuildError> {
        let builder = TopicAdmin::builder()
            .with_retry_policy(patience())
            .with_backoff_policy(backoff());
        build!("topics", builder, self.local(|server| &server.pubsub))
    }

    pub(crate) async fn subscriptions(&self) -> Result<SubscriptionAdmin, BuildError> {
        let builder = SubscriptionAdmin::builder()
            .with_retry_policy(patience())
            .with_backoff_policy(backoff());
        build!(
            "subscriptions",
            builder,
            self.local(|server| &server.pubsub)
        )
    }

    pub(crate) async fn tasks(&self) -> Result<CloudTasks, BuildError> {
        let builder = CloudTasks::builder()
            .with_retry_policy(patience())
            .with_backoff_policy(backoff());
        build!("tasks", builder, self.local(|server| &server.tasks))
    }

    pub(crate) async fn storage(&self) -> Result<Storage, BuildError> {
        let builder = Storage::builder()
            .with_retry_policy(
                google_cloud_storage::retry_policy::RetryableErrors
                    .with_attempt_limit(TRANSFER_ATTEMPTS),
            )
            // Transfers go over HTTP; the gRPC channel beside them idles.
            .with_grpc_subchannel_count(1)
            .with_backoff_policy(backoff());
        build!("objects", builder, self.local(|server| &server.storage))
    }

    pub(crate) async fn storage_control(&self) -> Result<StorageControl, BuildError> {
        let builder = StorageControl::builder()
            .with_retry_policy(
                google_cloud_storage::retry_policy::RetryableErrors.with_time_limit(CALL_LIMIT),
            )
            .with_backoff_policy(backoff());
        build!("buckets", builder, self.local(|server| &server.storage))
    }

    /// What signs upload URLs: the service account itself on Google Cloud (through IAM, no key
    /// file anywhere), the given key, if any, otherwise.
    pub(crate) fn signer(&self) -> Result<Option<Signer>, BuildError> {
        let built = match self {
            Self::Google => credentials::Builder::default().build_signer(),
            Self::Local(server) => {
                let Some(key) = &server.signing_key else {
                    return Ok(None);
                };
                let key = serde_json::from_str::<serde_json::Value>(key.expose_secret())
                    .map_err(|error| BuildError::new("signing", error))?;
                service_account::Builder::new(key).build_signer()
            }
        };
        built
            .map(Some)
            .map_err(|error| BuildError::new("signing", error))
    }

    /// The local endpoint that `which` picks; `None` stands for the client's own default.
    pub(crate) fn local(&self, which: impl Fn(&LocalServer) -> &String) -> Option<&str> {
        match self {
            Self::Google => None,
            Self::Local(server) => Some(which(server)),
        }
    }
}

fn nobody() -> Credentials {
    anonymous::Builder::new().build()
}

fn patience() -> impl RetryPolicy {
    Aip194Strict.with_time_limit(CALL_LIMIT)
}

/// Short enough to fit several attempts into [`CALL_LIMIT`].
fn backoff() -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_delay(Duration::from_millis(100))
        .with_maximum_delay(Duration::from_secs(1))
        .with_scaling(2.0)
        .clamp()
}
