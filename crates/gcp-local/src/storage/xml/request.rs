//! A request for `/bucket/object`, taken apart.

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use super::XmlProblem;
use crate::storage::Storage;
use crate::storage::error::StorageError;
use crate::storage::names::decode_path;
use crate::storage::precondition::Preconditions;
use crate::storage::signature::SignedRequest;

pub(super) struct ObjectRequest {
    parts: Parts,
    /// Decoded.
    path: String,
    pub(super) bucket: String,
    pub(super) object: String,
    hosts: Vec<String>,
}

impl ObjectRequest {
    pub(super) fn new(storage: &Storage, parts: Parts) -> Result<Self, XmlProblem> {
        let path = decode_path(parts.uri.path())
            .ok_or_else(|| StorageError::Invalid("The path is not UTF-8.".to_owned()))?;
        let (bucket, object) = match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some((bucket, object)) if !object.is_empty() => (bucket.to_owned(), object.to_owned()),
            _ => return Err(XmlProblem::not_an_object(&path)),
        };
        let hosts = hosts(storage, &parts);
        Ok(Self {
            parts,
            path,
            bucket,
            object,
            hosts,
        })
    }

    pub(super) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// As the signature module wants it.
    pub(super) fn as_signed(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: self.method(),
            path: &self.path,
            query: self.query(),
            headers: self.headers(),
            hosts: &self.hosts,
        }
    }

    /// A query parameter, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let (_, value) = self
            .query()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)?;
        let spaced = value.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    pub(super) fn preconditions(&self) -> Result<Preconditions, StorageError> {
        Ok(Preconditions {
            generation_match: self.number("x-goog-if-generation-match")?,
            metageneration_match: self.number("x-goog-if-metageneration-match")?,
            ..Preconditions::default()
        })
    }

    pub(super) fn generation(&self) -> Result<Option<i64>, StorageError> {
        let parse = |text: String| {
            text.parse()
                .map_err(|_| StorageError::Invalid(format!("Invalid generation: '{text}'")))
        };
        self.parameter("generation").map(parse).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<i64>, StorageError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| StorageError::Invalid(format!("Invalid {name}: '{text}'")))
        };
        self.header(name).map(parse).transpose()
    }
}

/// Every name a signer may have given this host.
fn hosts(storage: &Storage, parts: &Parts) -> Vec<String> {
    let sent = parts.uri.authority().map(Authority::as_str).or_else(|| {
        parts
            .headers
            .get(http::header::HOST)
            .and_then(|value| value.to_str().ok())
    });
    let own = storage
        .base
        .split_once("://")
        .map(|(_, authority)| authority);
    let mut hosts = Vec::new();
    for name in [sent, own].into_iter().flatten() {
        let bare = name
            .parse::<Authority>()
            .map(|a| a.host().to_owned())
            .unwrap_or_default();
        for candidate in [bare, name.to_owned()] {
            if !candidate.is_empty() && !hosts.contains(&candidate) {
                hosts.push(candidate);
            }
        }
    }
    hosts
}
