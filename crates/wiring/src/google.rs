//! Adapters and verifiers for Google Cloud, or for what stands in for it.

use std::{fs, sync::Arc};

#[cfg(feature = "database")]
use avvivo_gcp::AccessTokenSource;
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
#[cfg(feature = "database")]
use avvivo_vendors::{IdentityToolkit, IdentityToolkitConfig};
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
    /// Some endpoints are a stand-in's and others Google's: a trial would write into the real thing.
    #[error("a stand-in for Google is named, but not for all of it: {missing} is not set")]
    HalfLocal {
        /// The first variable that is missing.
        missing: &'static str,
    },
    /// Somebody else's keys beside the real Google: whoever holds them would be let in as anybody.
    #[error("{set} names keys of a stand-in, but Google itself is used")]
    ForeignKeys {
        /// The variable that must not be set.
        set: &'static str,
    },
    /// The signing key could not be read.
    #[error("the signing key {path} cannot be read")]
    SigningKey {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Redis' address is not one.
    #[error(transparent)]
    Redis(#[from] avvivo_redis::RedisError),
    /// The event bus shall be Redis, and there is none.
    #[error("the event bus shall be Redis, but there is no address of one")]
    BusWithoutRedis,
    /// An address or a key of somebody outside is not one.
    #[cfg(feature = "database")]
    #[error(transparent)]
    Outside(#[from] avvivo_vendors::BuildError),
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

    /// An object store beside the first, where it is another one. Its addresses are Google's own.
    pub async fn other_store(
        &self,
        bucket: &BucketConfig,
        other: Option<&str>,
    ) -> Result<Option<CloudStorage>, WiringError> {
        let Some(other) = other.filter(|other| *other != bucket.bucket) else {
            return Ok(None);
        };
        let config = StorageConfig {
            bucket: other.to_owned(),
            public_base_url: None,
            upload_endpoint: None,
        };
        Ok(Some(
            CloudStorage::connect(&self.environment, config).await?,
        ))
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

    /// The event bus on Pub/Sub. `listener` begins the names of subscriptions, so that one sees whose they are.
    pub(crate) async fn event_bus(&self, listener: &str) -> Result<PubSubBus, WiringError> {
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

    /// Administers the people of a Firebase project: where their tokens are signed, at a stand-in or at Google, in which case
    /// the credentials are the environment's own.
    #[cfg(feature = "database")]
    pub fn people(&self, project: &str) -> Result<IdentityToolkit, WiringError> {
        let (config, environment) = match &self.config.firebase_jwks_url {
            Some(keys) => (
                IdentityToolkitConfig::emulated(project, &origin(keys)),
                self.environment.clone(),
            ),
            None => (IdentityToolkitConfig::new(project), Environment::Google),
        };
        let tokens = Arc::new(AccessTokenSource::identity_toolkit(environment));
        Ok(IdentityToolkit::new(&config, tokens)?)
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
    let (pubsub, storage, tasks) = (
        config.pubsub_emulator_host.as_deref(),
        config.storage_base_url.as_deref(),
        config.cloud_tasks_base_url.as_deref(),
    );
    // A metadata server alone is no stand-in: workstations in the cloud have one too.
    if [pubsub, storage, tasks].iter().all(Option::is_none) {
        refused(config.oidc_jwks_url.as_deref(), "GOOGLE_OIDC_JWKS_URL")?;
        refused(config.firebase_jwks_url.as_deref(), "FIREBASE_JWKS_URL")?;
        return Ok(Environment::Google);
    }
    let pubsub = needed(pubsub, "PUBSUB_EMULATOR_HOST")?;
    let storage = needed(storage, "STORAGE_BASE_URL")?;
    let tasks = needed(tasks, "CLOUD_TASKS_BASE_URL")?;
    let metadata = needed(config.metadata_host.as_deref(), "GCE_METADATA_HOST")?;
    // The stand-in signs the tokens that services present, so its keys belong to it. People may well be real: a single
    // host runs on the stand-in and believes its own Firebase project.
    needed(config.oidc_jwks_url.as_deref(), "GOOGLE_OIDC_JWKS_URL")?;
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
        storage: storage.to_owned(),
        tasks: tasks.to_owned(),
        metadata: format!("http://{metadata}"),
        signing_key,
    }))
}

/// Scheme and authority of an address.
#[cfg(feature = "database")]
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{authority}")
}

fn needed<'a>(url: Option<&'a str>, missing: &'static str) -> Result<&'a str, WiringError> {
    url.ok_or(WiringError::HalfLocal { missing })
}

fn refused(url: Option<&str>, set: &'static str) -> Result<(), WiringError> {
    url.map_or(Ok(()), |_| Err(WiringError::ForeignKeys { set }))
}

#[cfg(test)]
mod tests {
    use avvivo_service_kit::config::load;

    use super::*;

    const ALL: [&str; 5] = [
        "PUBSUB_EMULATOR_HOST",
        "STORAGE_BASE_URL",
        "CLOUD_TASKS_BASE_URL",
        "GCE_METADATA_HOST",
        "GOOGLE_OIDC_JWKS_URL",
    ];

    fn made_of(set: &'static [&'static str]) -> Result<Environment, WiringError> {
        let source = move |name: &str| match name {
            "PUBSUB_EMULATOR_HOST" | "GCE_METADATA_HOST" if set.contains(&name) => {
                Some("127.0.0.1:9".to_owned())
            }
            _ if set.contains(&name) => Some("http://127.0.0.1:9".to_owned()),
            _ => None,
        };
        environment(&load::<GoogleConfig>(&source).unwrap().config)
    }

    #[test]
    fn a_stand_in_stands_in_for_everything_or_nothing() {
        assert!(matches!(made_of(&[]), Ok(Environment::Google)));
        assert!(matches!(
            made_of(&["GCE_METADATA_HOST"]),
            Ok(Environment::Google)
        ));
        let whole = made_of(&ALL);
        assert!(matches!(whole, Ok(Environment::Local(_))));
        let local_people = made_of(&[
            "PUBSUB_EMULATOR_HOST",
            "STORAGE_BASE_URL",
            "CLOUD_TASKS_BASE_URL",
            "GCE_METADATA_HOST",
            "GOOGLE_OIDC_JWKS_URL",
            "FIREBASE_JWKS_URL",
        ]);
        assert!(matches!(local_people, Ok(Environment::Local(_))));
        for keys in [&["GOOGLE_OIDC_JWKS_URL"], &["FIREBASE_JWKS_URL"]] {
            let Err(WiringError::ForeignKeys { set }) = made_of(keys) else {
                panic!("{keys:?} is believed beside the real Google")
            };
            assert_eq!([set], *keys);
        }
        let halves: [&'static [&'static str]; 4] = [
            &["PUBSUB_EMULATOR_HOST"],
            &["STORAGE_BASE_URL", "GCE_METADATA_HOST"],
            &[
                "PUBSUB_EMULATOR_HOST",
                "STORAGE_BASE_URL",
                "CLOUD_TASKS_BASE_URL",
            ],
            &[
                "PUBSUB_EMULATOR_HOST",
                "STORAGE_BASE_URL",
                "CLOUD_TASKS_BASE_URL",
                "GCE_METADATA_HOST",
            ],
        ];
        for half in halves {
            let Err(WiringError::HalfLocal { missing }) = made_of(half) else {
                panic!("{half:?} is taken for a whole")
            };
            assert!(
                ALL.contains(&missing) && !half.contains(&missing),
                "{missing}"
            );
        }
    }
}
