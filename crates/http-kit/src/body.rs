//! Bodies of requests: JSON of bounded size, taken in before anything else looks at the request.
//!
//! The pipeline reads a JSON body once, up to the limit of its route, undoes its compression, and refuses what is not
//! an object or an array, so that a malformed body is a 400 for everybody, whoever asks and however often. Handlers get
//! at it through [`JsonBody`] and [`RawBody`]. Bodies of any other type are not read here: they mean "no fields" to
//! `JsonBody`, and are left alone for handlers that stream them (uploads authenticate first).

mod decode;
mod room;

use std::{convert::Infallible, time::Duration};

use avvivo_kernel::ErrorKind;
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;

use crate::Problem;

pub(crate) use room::{Held, Room};

/// What a JSON body may measure unless its route says otherwise, both as sent and decompressed.
pub const DEFAULT_LIMIT_BYTES: usize = 100 * 1024;

/// What the bodies of all requests may measure together: 64 of the largest, or the limit of each for every one of six hundred
/// people who publish in the same second, and little beside the memory of the smallest instance.
pub(crate) const DEFAULT_ROOM_BYTES: usize = 64 << 20;

/// A phone on a bad network sends 100 KiB within this; whoever takes longer only holds a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body that was read and found well-formed, or empty.
#[derive(Clone)]
struct Taken(Bytes);

/// The fields of a JSON body.
///
/// An empty body, a body of another content type and an array, which has no fields, are an empty object. Fields that `T`
/// does not know are ignored; a field of the wrong type answers 400 with its path.
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
            accept(request, DEFAULT_LIMIT_BYTES, &mut Held::uncounted()).await?
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

/// Takes in the body of `request` if it is JSON. A body longer than `limit` bytes is refused, and one for which there is no
/// room. The request holds its room until `held` is dropped.
pub(crate) async fn accept(
    request: Request,
    limit: usize,
    held: &mut Held,
) -> Result<Request, Problem> {
    if !is_json(request.headers()) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let sent = timeout(READ_TIMEOUT, read(&parts.headers, body, limit, held))
        .await
        .map_err(|_| too_slow())??;
    let text = match parts.headers.remove(CONTENT_ENCODING) {
        Some(coding) if !sent.is_empty() => {
            let text = decode::decoded(&sent, &coding, limit)?;
            held.grow(text.len())?;
            text
        }
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

async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Problem> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes: usize| bytes > limit) {
        return Err(too_large(limit));
    }
    let mut body = Limited::new(body, limit);
    let mut text = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken_off(error, limit))?.into_data() else {
            continue;
        };
        held.grow(data.len())?;
        text.extend_from_slice(&data);
    }
    Ok(text.freeze())
}

pub(crate) fn broken_off(error: Box<dyn std::error::Error + Send + Sync>, limit: usize) -> Problem {
    if error.is::<LengthLimitError>() {
        return too_large(limit);
    }
    let message = "El pedido llegó incompleto. Intentá de nuevo.";
    Problem::new(ErrorKind::Invalid, "request.body_interrupted", message).caused_by(error)
}

pub(crate) fn too_slow() -> Problem {
    let message = "El pedido tardó demasiado en llegar. Intentá de nuevo.";
    Problem::new(ErrorKind::Invalid, "request.body_timeout", message)
}

pub(crate) fn too_large(limit: usize) -> Problem {
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
    // An array would otherwise be taken for the fields in the order in which they happen to be declared.
    let text = match text.trim_ascii_start().first() {
        None | Some(b'[') => b"{}",
        Some(_) => text,
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
