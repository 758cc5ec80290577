//! Path and query parameters whose failures are problems like any other.

use avvivo_kernel::ErrorKind;
use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Path parameters. One that cannot be what it should be names nothing: 404, as for an id that does not exist.
#[derive(Debug, Clone, Copy)]
pub struct PathParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|path| Self(path.0)).map_err(|rejection| {
            if rejection.status().is_server_error() {
                return Problem::internal(rejection.to_string());
            }
            not_found()
        })
    }
}

/// Query parameters.
#[derive(Debug, Clone, Copy)]
pub struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| {
                let message = "Los parámetros del pedido no son válidos.";
                Problem::new(ErrorKind::Invalid, "request.invalid_query", message)
                    .detail(rejection.body_text())
            })
    }
}

/// What unknown paths and methods answer.
pub fn not_found() -> Problem {
    Problem::new(
        ErrorKind::NotFound,
        "route.not_found",
        "No encontramos lo que buscás.",
    )
}
