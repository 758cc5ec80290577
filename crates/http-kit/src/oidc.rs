//! Routes for services: Cloud Tasks, Cloud Scheduler, Pub/Sub push, and our own services.

use std::marker::PhantomData;

use avvivo_kernel::ErrorKind;
use avvivo_tokens::{OidcCaller, OidcVerifier};
use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};

use crate::{Problem, identity::bearer};

/// Says which verifier guards a group of routes. Implemented by a type without values, one for each group, so that a
/// handler's signature shows who may call it.
pub trait OidcGuard<S>: Send + Sync + 'static {
    /// The verifier, kept in the service's state.
    fn verifier(state: &S) -> &OidcVerifier;
}

/// A service that group `G` allows; 401 without a valid token, 403 for a service account that is not on the list.
#[derive(Debug, Clone)]
pub struct Oidc<G> {
    /// Who calls.
    pub caller: OidcCaller,
    guard: PhantomData<G>,
}

impl<S: Send + Sync, G: OidcGuard<S>> FromRequestParts<S> for Oidc<G> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = verify(&parts.headers, G::verifier(state)).await?;
        Ok(Self {
            caller,
            guard: PhantomData,
        })
    }
}

/// The service that `headers` prove to be calling. For guards that are not extractors (a middleware, gRPC metadata).
pub async fn verify(headers: &HeaderMap, verifier: &OidcVerifier) -> Result<OidcCaller, Problem> {
    let token = bearer(headers).ok_or_else(|| {
        let message = "Este servicio pide un token de identidad.";
        Problem::new(ErrorKind::Unauthenticated, "token.missing", message)
    })?;
    Ok(verifier.verify(token).await?)
}
