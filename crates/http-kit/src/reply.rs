//! Successful answers, each with a weak validator: JSON, and a few pages.

use std::io::Write as _;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Problem;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
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

/// A body, what it is, and its validator. Clones share the bytes.
#[derive(Debug, Clone)]
pub struct CachedBody {
    bytes: Bytes,
    kind: HeaderValue,
    etag: HeaderValue,
    gzip: Option<Bytes>,
}

/// The same body, compressed: what the answer carries along for the step that knows whether the client takes it.
#[derive(Clone)]
pub(crate) struct Compressed(pub(crate) Bytes);

/// A body that is shorter fits into one packet as it is.
const WORTH_COMPRESSING_BYTES: usize = 1_024;

impl CachedBody {
    /// Serialises `view`.
    pub fn of(view: &impl Serialize) -> Result<Self, Problem> {
        serde_json::to_vec(view)
            .map(Self::from_json)
            .map_err(Problem::internal)
    }

    /// Wraps bytes that are JSON already.
    pub fn from_json(json: impl Into<Bytes>) -> Self {
        Self::new(json.into(), JSON)
    }

    /// Wraps a page for people.
    pub fn from_html(page: impl Into<Bytes>) -> Self {
        Self::new(page.into(), HTML)
    }

    fn new(bytes: Bytes, kind: HeaderValue) -> Self {
        let etag = weak_tag(&bytes);
        Self {
            bytes,
            kind,
            etag,
            gzip: None,
        }
    }

    /// The same with a compressed form beside it, for a body that is sent many times. A short body stays alone.
    #[must_use]
    pub async fn compressed(self) -> Self {
        if self.bytes.len() < WORTH_COMPRESSING_BYTES {
            return self;
        }
        let plain = self.bytes.clone();
        // Some megabytes take tens of milliseconds, in which nobody else should wait.
        let gzip = tokio::task::spawn_blocking(move || compress(&plain)).await;
        Self {
            gzip: gzip.ok().flatten(),
            ..self
        }
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many bytes it takes in all its forms.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.len() + self.gzip.as_ref().map_or(0, Bytes::len)
    }
}

impl IntoResponse for CachedBody {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.bytes));
        response.headers_mut().insert(CONTENT_TYPE, self.kind);
        response.headers_mut().insert(ETAG, self.etag);
        if let Some(gzip) = self.gzip {
            response.extensions_mut().insert(Compressed(gzip));
        }
        response
    }
}

fn compress(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::default());
    encoder.write_all(plain).ok()?;
    Some(encoder.finish().ok()?.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bodies_have_equal_tags_and_others_do_not() {
        let tag = |text: &'static str| CachedBody::from_json(text).etag;
        assert_eq!(tag("[1]"), tag("[1]"));
        assert_ne!(tag("[1]"), tag("[2]"));
    }
}
