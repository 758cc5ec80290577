//! OAuth tokens with which we call a provider's API as ourselves.

use async_trait::async_trait;
use secrecy::SecretString;

/// Gives out access tokens of one identity of ours for one API. Whoever implements it keeps tokens until they are about to
/// expire, so it is asked for every call.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// A token that is good for at least some minutes more.
    async fn access_token(&self) -> Result<SecretString, AccessTokenError>;
}

/// There is no token just now: the same may work later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no access token: {reason}")]
pub struct AccessTokenError {
    /// What was seen, for logs.
    pub reason: String,
}
