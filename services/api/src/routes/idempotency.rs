//! `Idempotency-Key`: the same key gives the same answer.

use avvivo_http_kit::Problem;
use avvivo_kernel::ErrorKind;
use http::HeaderMap;

/// Clients send UUIDs; nobody needs more.
const MAX_KEY_BYTES: usize = 200;

/// A key that no client makes.
#[derive(Debug)]
pub(super) struct BadKey;

impl From<BadKey> for Problem {
    fn from(BadKey: BadKey) -> Self {
        let message = "El encabezado Idempotency-Key no es válido.";
        Self::new(ErrorKind::Invalid, "request.bad_idempotency_key", message)
    }
}

/// The key of a request, if it has one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, BadKey> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(key) if key.len() <= MAX_KEY_BYTES => Ok(Some(key.to_owned())),
        _ => Err(BadKey),
    }
}
