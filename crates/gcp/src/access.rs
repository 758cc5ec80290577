//! Access tokens for APIs of Google's that have no client here.

use async_trait::async_trait;
use avvivo_ports::{AccessTokenError, AccessTokens};
use google_cloud_auth::build_errors;
use google_cloud_auth::credentials::{self, AccessTokenCredentials, mds};
use secrecy::SecretString;

use crate::environment::Environment;
use crate::source::Source;

/// What administering people needs.
const IDENTITY_TOOLKIT: &str = "https://www.googleapis.com/auth/identitytoolkit";

/// OAuth tokens of this service's own account for one scope. Share one; it holds the cache.
#[derive(Debug)]
pub struct AccessTokenSource {
    environment: Environment,
    scope: &'static str,
    source: Source<AccessTokenCredentials>,
}

impl AccessTokenSource {
    /// Tokens with which Identity Toolkit may be called. Nothing is contacted yet.
    pub fn identity_toolkit(environment: Environment) -> Self {
        Self {
            environment,
            scope: IDENTITY_TOOLKIT,
            source: Source::new(),
        }
    }

    fn build(&self) -> Result<AccessTokenCredentials, build_errors::Error> {
        match self.environment.local(|server| &server.metadata) {
            None => credentials::Builder::default()
                .with_scopes([self.scope])
                .build_access_token_credentials(),
            Some(metadata) => mds::Builder::default()
                .with_endpoint(metadata)
                .with_scopes([self.scope])
                .build_access_token_credentials(),
        }
    }
}

#[async_trait]
impl AccessTokens for AccessTokenSource {
    async fn access_token(&self) -> Result<SecretString, AccessTokenError> {
        let token = self
            .source
            .ask(
                || self.build(),
                |credentials| async move { credentials.access_token().await },
            )
            .await;
        token
            .map(|token| token.token.into())
            .map_err(|reason| AccessTokenError { reason })
    }
}
