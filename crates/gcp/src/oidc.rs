//! ID tokens for calls to our own services.

use avvivo_kernel::{ErrorKind, Fault};
use google_cloud_auth::build_errors;
use google_cloud_auth::credentials::idtoken::{self, IDTokenCredentials};
use secrecy::SecretString;

use crate::environment::Environment;
use crate::source::Source;

/// ID tokens of this service's own account for one audience. Share one; it holds the cache.
#[derive(Debug)]
pub struct OidcTokenSource {
    environment: Environment,
    audience: String,
    source: Source<IDTokenCredentials>,
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
            source: Source::new(),
        }
    }

    /// A token that is valid for at least a few more minutes, from memory except for the first.
    pub async fn token(&self) -> Result<SecretString, TokenError> {
        let token = self
            .source
            .ask(
                || self.build(),
                |credentials| async move { credentials.id_token().await },
            )
            .await;
        token
            .map(SecretString::from)
            .map_err(|reason| TokenError { reason })
    }

    fn build(&self) -> Result<IDTokenCredentials, build_errors::Error> {
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
