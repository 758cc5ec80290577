//! Mints tokens as Google and Firebase do, and publishes the keys to check them with.

use std::sync::Arc;

use axum::Router;

use crate::clock::Clock;
use crate::server::StartError;
use crate::state::State;
use crate::store::Store;

/// Signs tokens for this server's services and their tests.
#[derive(Clone)]
pub struct Issuer;

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct TokenError;

impl Issuer {
    pub(crate) async fn open(
        _store: &Store,
        _clock: &Clock,
        _public_url: &Arc<str>,
        _project: &Arc<str>,
    ) -> Result<Self, StartError> {
        Ok(Self)
    }

    /// A token as Google signs for a service account, valid for an hour.
    pub fn google_id_token(&self, _account: &str, _audience: &str) -> Result<String, TokenError> {
        Err(TokenError)
    }
}

pub(crate) fn routes(_state: &State) -> Router {
    Router::new()
}
