//! Successful JSON answers, each with a weak validator.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A JSON answer: `Reply::ok(view)`.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    status: StatusCode,
    view: T,
}

impl<T: Serialize> Reply<T> {
    /// 200 with `view`.
    pub fn ok(view: T) -> Self {
        Self {
            status: StatusCode::OK,
            view,
        }
    }

    /// 201 with `view`.
    pub fn created(view: T) -> Self {
        Self {
            status: StatusCode::CREATED,
            view,
        }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        match CachedBody::of(&self.view) {
            Ok(body) => {
                let mut response = body.into_response();
                *response.status_mut() = self.status;
                response
            }
            Err(problem) => problem.into_response(),
        }
    }
}

/// A serialised JSON body and its validator. Clones share the bytes.
#[derive(Debug, Clone)]
pub struct CachedBody {
    bytes: Bytes,
    etag: HeaderValue,
}

impl CachedBody {
    /// Serialises `view`.
    pub fn of(view: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_vec(view)
            .map(Self::from_json)
            .map_err(Problem::internal)
    }

    /// Wraps bytes that are JSON already.
    pub fn from_json(json: impl Into<Bytes>) -> Self {
        let bytes = json.into();
        let etag = weak_tag(&bytes);
        Self { bytes, etag }
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl IntoResponse for CachedBody {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.bytes));
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response.headers_mut().insert(ETAG, self.etag);
        response
    }
}

/// Weak, because a proxy may compress the body on its way; 96 bits, so that two versions never share one.
fn weak_tag(bytes: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(bytes);
    let short = digest
        .first_chunk::<12>()
        .map(|head| URL_SAFE_NO_PAD.encode(head));
    let tag = format!("W/\"{:x}-{}\"", bytes.len(), short.unwrap_or_default());
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// A GET or HEAD that asks only for news (RFC 9110, section 13.1.2).
pub(crate) struct Conditional(Option<Vec<u8>>);

impl Conditional {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        let known = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .map(HeaderValue::as_bytes);
        let known = known.collect::<Vec<_>>().join(&b","[..]);
        Self((reads && !known.is_empty()).then_some(known))
    }

    /// Answers 304 instead of a body that the client has.
    pub(crate) fn apply(&self, response: &mut Response) {
        let Some(known) = &self.0 else { return };
        let current = response.headers().get(ETAG).map(HeaderValue::as_bytes);
        if response.status() == StatusCode::OK && current.is_some_and(|tag| names(known, tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
    }
}

/// Whether the list `known` has `tag`, compared weakly. Our tags contain no comma.
fn names(known: &[u8], tag: &[u8]) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    known.trim_ascii() == b"*"
        || known
            .split(|&byte| byte == b',')
            .any(|k| opaque(k) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_is_a_list_compared_weakly() {
        let tag = b"W/\"a-1\"";
        for yes in [
            "W/\"a-1\"",
            "\"a-1\"",
            "*",
            "\"x\", W/\"a-1\"",
            "\"x\",\"a-1\" ",
        ] {
            assert!(names(yes.as_bytes(), tag), "{yes}");
        }
        for no in ["W/\"a-2\"", "a-1", "\"*\"", ""] {
            assert!(!names(no.as_bytes(), tag), "{no}");
        }
    }

    #[test]
    fn equal_bodies_have_equal_tags_and_others_do_not() {
        let tag = |text: &'static str| CachedBody::from_json(text).etag;
        assert_eq!(tag("[1]"), tag("[1]"));
        assert_ne!(tag("[1]"), tag("[2]"));
    }
}
