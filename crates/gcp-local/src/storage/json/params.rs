//! Query parameters of the JSON API.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

use super::Problem;
use crate::storage::error::StorageError;
use crate::storage::object::Access;
use crate::storage::precondition::Preconditions;

/// All parameters of a request. Unknown ones are ignored, as on Google's side.
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|Query(pairs)| Self(pairs))
            .map_err(|rejection| Problem(StorageError::Invalid(rejection.body_text())))
    }
}

impl Params {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn number<N: std::str::FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<N>, StorageError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| StorageError::Invalid(format!("Invalid {name}: '{text}'")))
        };
        self.text(name)
            .filter(|text| !text.is_empty())
            .map(parse)
            .transpose()
    }

    /// The generation asked for.
    pub(crate) fn generation(&self) -> Result<Option<i64>, StorageError> {
        self.number("generation")
    }

    pub(crate) fn preconditions(&self) -> Result<Preconditions, StorageError> {
        Ok(Preconditions {
            generation_match: self.number("ifGenerationMatch")?,
            generation_not_match: self.number("ifGenerationNotMatch")?,
            metageneration_match: self.number("ifMetagenerationMatch")?,
            metageneration_not_match: self.number("ifMetagenerationNotMatch")?,
        })
    }

    /// Those about the source of a copy.
    pub(crate) fn source_preconditions(&self) -> Result<Preconditions, StorageError> {
        Ok(Preconditions {
            generation_match: self.number("ifSourceGenerationMatch")?,
            generation_not_match: self.number("ifSourceGenerationNotMatch")?,
            metageneration_match: self.number("ifSourceMetagenerationMatch")?,
            metageneration_not_match: self.number("ifSourceMetagenerationNotMatch")?,
        })
    }

    /// The access that a predefined list, named by this parameter, grants.
    pub(crate) fn access(&self, name: &str) -> Option<Access> {
        self.text(name).map(Access::from_predefined)
    }
}
