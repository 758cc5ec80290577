//! ID tokens for calls to our own services.
//!
//! google-cloud-auth does the caching: one task a token fetches it, renews it four minutes before
//! it expires, and serves every caller from memory, so there is no stampede. What it does not do
//! is recover from an answer that it takes for final, such as a metadata server that is not ready
//! yet; here the credentials are then built anew, at most every few seconds.

use std::time::Duration;

use avvivo_kernel::{ErrorKind, Fault};
use google_cloud_auth::credentials::idtoken::{self, IDTokenCredentials};
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::environment::{CALL_LIMIT, Environment};
use crate::fault;

/// A failed source is not asked again sooner than this, however many callers there are.
const REBUILD_AFTER: Duration = Duration::from_secs(2);

/// ID tokens of this service's own account for one audience. Share one; it holds the cache.
#[derive(Debug)]
pub struct OidcTokenSource {
    environment: Environment,
    audience: String,
    source: Mutex<Option<Source>>,
}

#[derive(Debug, Clone)]
struct Source {
    credentials: IDTokenCredentials,
    built: Instant,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("no ID token: {reason}")]
pub struct TokenError {
    reason: String,
}

impl Fault for TokenError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    fn code(&self) -> &'static str {
        "identity.unavailable"
    }

    fn public_message(&self) -> String {
        "No pudimos comunicarnos con un servicio interno. Probá de nuevo en unos minutos."
            .to_owned()
    }
}

impl OidcTokenSource {
    /// Tokens that `audience` accepts. Nothing is contacted yet.
    pub fn new(environment: Environment, audience: impl Into<String>) -> Self {
        Self {
            environment,
            audience: audience.into(),
            source: Mutex::new(None),
        }
    }

    /// A token that is valid for at least a few more minutes, from memory except for the first.
    pub async fn token(&self) -> Result<SecretString, TokenError> {
        let source = self.source().await?;
        match tokio::time::timeout(CALL_LIMIT, source.credentials.id_token()).await {
            Ok(Ok(token)) => Ok(token.into()),
            Ok(Err(error)) => {
                self.discard(&source).await;
                Err(TokenError {
                    reason: fault::reason(&error),
                })
            }
            Err(_elapsed) => Err(TokenError {
                reason: "no answer in time".to_owned(),
            }),
        }
    }

    async fn source(&self) -> Result<Source, TokenError> {
        let mut slot = self.source.lock().await;
        if let Some(source) = &*slot {
            return Ok(source.clone());
        }
        let credentials = self.build().map_err(|error| TokenError {
            reason: error.to_string(),
        })?;
        let source = Source {
            credentials,
            built: Instant::now(),
        };
        *slot = Some(source.clone());
        Ok(source)
    }

    /// Lets go of a failed source, unless it is so young that its failure still counts.
    async fn discard(&self, failed: &Source) {
        let mut slot = self.source.lock().await;
        let is_current = slot.as_ref().is_some_and(|it| it.built == failed.built);
        if is_current && failed.built.elapsed() >= REBUILD_AFTER {
            *slot = None;
        }
    }

    fn build(&self) -> Result<IDTokenCredentials, google_cloud_auth::build_errors::Error> {
        match self.environment.local(|server| &server.metadata) {
            // The e-mail address is what the called service checks.
            None => idtoken::Builder::new(&self.audience)
                .with_include_email()
                .build(),
            Some(metadata) => idtoken::mds::Builder::new(&self.audience)
                .with_endpoint(metadata)
                .with_format(idtoken::mds::Format::Full)
                .build(),
        }
    }
}
