//! Adapters and verifiers for Google Cloud, or for what stands in for it.

use std::{fs, sync::Arc};

use avvivo_gcp::{
    BuildError, CloudStorage, CloudTasksQueue, Environment, LocalServer, PubSubBus, PubSubConfig,
    QueueTarget, StorageConfig, TasksConfig,
};
use avvivo_kernel::{Clock, SystemClock};
use avvivo_ports::QueueName;
use avvivo_service_kit::config::GoogleConfig;
use avvivo_tokens::{
    ClientError, FIREBASE_KEYS_URL, FirebaseVerifier, GOOGLE_KEYS_URL, KeyCache, OidcPolicy,
    OidcVerifier,
};
use secrecy::SecretString;

use crate::config::{BucketConfig, RenderQueueConfig};

/// Why a part could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// A client could not be put together.
    #[error(transparent)]
    Client(#[from] BuildError),
    /// The HTTP client that fetches keys could not be made.
    #[error(transparent)]
    Keys(#[from] ClientError),
    /// The signing key could not be read.
    #[error("the signing key {path} cannot be read")]
    SigningKey {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database's address is not one.
    #[cfg(feature = "database")]
    #[error(transparent)]
    Database(#[from] avvivo_postgres::DbError),
}

/// Makes what talks to Google, or to its stand-in.
#[derive(Clone)]
pub struct Google {
    config: GoogleConfig,
    environment: Environment,
    clock: Arc<dyn Clock>,
}

impl Google {
    /// Reads which Google is meant.
    pub fn new(config: &GoogleConfig) -> Result<Self, WiringError> {
        Ok(Self {
            environment: environment(config)?,
            config: config.clone(),
            clock: Arc::new(SystemClock),
        })
    }

    /// For clients that are made elsewhere.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The project's id.
    pub fn project(&self) -> &str {
        &self.config.project
    }

    /// Whether it is a stand-in, where nobody but us creates what we need.
    pub fn is_local(&self) -> bool {
        matches!(self.environment, Environment::Local(_))
    }

    /// The object store.
    pub async fn object_store(&self, bucket: &BucketConfig) -> Result<CloudStorage, WiringError> {
        let config = StorageConfig {
            bucket: bucket.bucket.clone(),
            public_base_url: bucket.public_base_url.clone(),
            upload_endpoint: None,
        };
        Ok(CloudStorage::connect(&self.environment, config).await?)
    }

    /// The job queue.
    pub async fn job_queue(
        &self,
        queue: &RenderQueueConfig,
    ) -> Result<CloudTasksQueue, WiringError> {
        let url = queue.processor_url.trim_end_matches('/');
        let config = TasksConfig {
            project: self.config.project.clone(),
            location: self.config.region.clone(),
            reel_render: QueueTarget::reel_render(
                format!("{url}/jobs/reels/render"),
                url,
                queue.tasks_service_account.as_str(),
                queue.concurrency,
            ),
        };
        Ok(CloudTasksQueue::connect(&self.environment, config).await?)
    }

    /// The event bus. `listener` begins the names of subscriptions, so that one sees whose they are.
    pub async fn event_bus(&self, listener: &str) -> Result<PubSubBus, WiringError> {
        let config = PubSubConfig {
            subscription_prefix: listener.to_owned(),
            ..PubSubConfig::new(self.config.project.as_str())
        };
        Ok(PubSubBus::connect(&self.environment, config).await?)
    }

    /// Creates what deployments create in production, where the environment is local. Safe to repeat.
    pub async fn prepare_queue(
        &self,
        queue: &CloudTasksQueue,
    ) -> Result<(), avvivo_ports::QueueError> {
        if self.is_local() {
            queue.ensure_queue(QueueName::ReelRender).await
        } else {
            Ok(())
        }
    }

    /// Verifies people's tokens for a Firebase project.
    pub fn firebase(&self, project: &str) -> Result<FirebaseVerifier, WiringError> {
        let url = self
            .config
            .firebase_jwks_url
            .as_deref()
            .unwrap_or(FIREBASE_KEYS_URL);
        let keys = Arc::new(KeyCache::new(url, Arc::clone(&self.clock))?);
        Ok(FirebaseVerifier::new(
            project,
            keys,
            Arc::clone(&self.clock),
        ))
    }

    /// Verifies tokens of services: these accounts, for this audience.
    pub fn services(&self, audience: &str, callers: &[&str]) -> Result<OidcVerifier, WiringError> {
        let url = self
            .config
            .oidc_jwks_url
            .as_deref()
            .unwrap_or(GOOGLE_KEYS_URL);
        let keys = Arc::new(KeyCache::new(url, Arc::clone(&self.clock))?);
        let policy = OidcPolicy {
            audiences: [audience.trim_end_matches('/').to_owned()].into(),
            callers: callers.iter().map(|caller| (*caller).to_owned()).collect(),
        };
        Ok(OidcVerifier::new(policy, keys, Arc::clone(&self.clock)))
    }
}

fn environment(config: &GoogleConfig) -> Result<Environment, WiringError> {
    let urls = (
        &config.pubsub_emulator_host,
        &config.storage_base_url,
        &config.cloud_tasks_base_url,
        &config.metadata_host,
    );
    let (Some(pubsub), Some(storage), Some(tasks), Some(metadata)) = urls else {
        return Ok(Environment::Google);
    };
    let signing_key = match &config.signing_key_file {
        None => None,
        Some(path) => {
            let broken = |source| WiringError::SigningKey {
                path: path.display().to_string(),
                source,
            };
            Some(SecretString::from(
                fs::read_to_string(path).map_err(broken)?,
            ))
        }
    };
    Ok(Environment::Local(LocalServer {
        pubsub: format!("http://{pubsub}"),
        storage: storage.clone(),
        tasks: tasks.clone(),
        metadata: format!("http://{metadata}"),
        signing_key,
    }))
}
