//! Bodies of requests: JSON of bounded size, taken in before anything else looks at the request.
//!
//! The pipeline reads a JSON body once, up to the limit of its route, undoes its compression, and refuses what is not
//! an object or an array, so that a malformed body is a 400 for everybody, whoever asks and however often. Handlers get
//! at it through [`JsonBody`] and [`RawBody`]. Bodies of any other type are not read here: they mean "no fields" to
//! `JsonBody`, and are left alone for handlers that stream them (uploads authenticate first).

mod decode;

use std::{convert::Infallible, time::Duration};

use avvivo_kernel::ErrorKind;
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;

use crate::Problem;

/// What a JSON body may measure unless its route says otherwise, both as sent and decompressed.
pub const DEFAULT_LIMIT_BYTES: usize = 100 * 1024;

/// A phone on a bad network sends 100 KiB within this; whoever takes longer only holds a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body that was read and found well-formed, or empty.
#[derive(Clone)]
struct Taken(Bytes);

/// The fields of a JSON body.
///
/// An empty body and a body of another content type are an empty object. Fields that `T` does not know are ignored;
/// a field of the wrong type answers 400 with its path.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

/// The text of a JSON body, decompressed and otherwise as it was sent: what signatures of webhooks are made over.
#[derive(Debug, Clone)]
pub struct RawBody(pub Bytes);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let request = if request.extensions().get::<Taken>().is_some() {
            request
        } else {
            // Outside the pipeline, as in a service with internal routes only.
            accept(request, DEFAULT_LIMIT_BYTES).await?
        };
        let text = request
            .extensions()
            .get::<Taken>()
            .map(|taken| taken.0.clone());
        match text.filter(|text| !text.is_empty()) {
            Some(text) => fields(&text).map(Self),
            None => fields(b"{}").map(Self),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for RawBody {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let taken = parts.extensions.get::<Taken>();
        Ok(Self(taken.map(|taken| taken.0.clone()).unwrap_or_default()))
    }
}

/// Takes in the body of `request` if it is JSON. A body longer than `limit` bytes is refused.
pub(crate) async fn accept(request: Request, limit: usize) -> Result<Request, Problem> {
    if !is_json(request.headers()) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let sent = timeout(READ_TIMEOUT, read(&parts.headers, body, limit))
        .await
        .map_err(|_| {
            let message = "El pedido tardó demasiado en llegar. Intentá de nuevo.";
            Problem::new(ErrorKind::Invalid, "request.body_timeout", message)
        })??;
    let text = match parts.headers.remove(CONTENT_ENCODING) {
        Some(coding) if !sent.is_empty() => decode::decoded(&sent, &coding, limit)?,
        _ => sent,
    };
    well_formed(&text)?;
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    parts.extensions.insert(Taken(text.clone()));
    Ok(Request::from_parts(parts, Body::from(text)))
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = declared
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes: usize| bytes > limit) {
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(Problem::new(
            ErrorKind::Invalid,
            "request.body_interrupted",
            "El pedido llegó incompleto. Intentá de nuevo.",
        )
        .caused_by(error)),
    }
}

fn too_large(limit: usize) -> Problem {
    let message = "El pedido es demasiado grande.";
    Problem::new(ErrorKind::TooLarge, "request.too_large", message).member("limitBytes", limit)
}

fn malformed(reason: impl Into<String>) -> Problem {
    let message = "El pedido no es un JSON válido.";
    Problem::new(ErrorKind::Invalid, "request.malformed_json", message).detail(reason)
}

/// Refuses what is not one JSON object or array.
fn well_formed(text: &[u8]) -> Result<(), Problem> {
    let text = std::str::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
    match text.trim_ascii_start().bytes().next() {
        // Nothing at all means "no fields"; nothing but blanks does too.
        None => Ok(()),
        Some(b'{' | b'[') => serde_json::from_str::<IgnoredAny>(text)
            .map(|_| ())
            .map_err(|error| malformed(error.to_string())),
        Some(_) => Err(malformed("the top level must be an object or an array")),
    }
}

fn fields<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let text = if text.trim_ascii().is_empty() {
        b"{}"
    } else {
        text
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = match path.as_str() {
            "." => "Faltan datos en el pedido o tienen otro formato.".to_owned(),
            path => format!("El campo «{path}» no es válido."),
        };
        Problem::new(ErrorKind::Invalid, "request.invalid_field", message)
            .detail(error.into_inner().to_string())
            .member("field", path)
    })
}
