//! Path and query parameters whose failures are problems like any other.

use std::collections::HashMap;

use avvivo_kernel::ErrorKind;
use axum::extract::{FromRequestParts, Path};
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

/// Query parameters. Of one that comes more than once the last counts.
#[derive(Debug, Clone, Copy)]
pub struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        read_last(query).map(Self).map_err(|error| {
            let message = "Los parámetros del pedido no son válidos.";
            Problem::new(ErrorKind::Invalid, "request.invalid_query", message)
                .detail(error.to_string())
        })
    }
}

/// Whoever asks with a name twice has always been answered, so a name that is there twice is no mistake here either.
fn read_last<T: DeserializeOwned>(query: &str) -> Result<T, serde_urlencoded::de::Error> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)?;
    let last: HashMap<String, String> = pairs.into_iter().collect();
    let words = serde_urlencoded::to_string(last);
    serde_urlencoded::from_str(&words.unwrap_or_default())
}

/// What unknown paths and methods answer.
pub fn not_found() -> Problem {
    Problem::new(
        ErrorKind::NotFound,
        "route.not_found",
        "No encontramos lo que buscás.",
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Asked {
        limit: Option<String>,
        sort: Option<String>,
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_counts() {
        let asked: Asked = read_last("limit=1&sort=a%26b&limit=2&other&limit").unwrap();
        let (limit, sort) = (Some(String::new()), Some("a&b".to_owned()));
        assert_eq!(asked, Asked { limit, sort });
        let nothing: Asked = read_last("").unwrap();
        assert_eq!((nothing.limit, nothing.sort), (None, None));
    }
}
