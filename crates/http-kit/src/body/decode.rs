//! Undoing the compression of a request body, within its limit.

use std::io::Read;

use avvivo_kernel::ErrorKind;
use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::HeaderValue;

use super::too_large;
use crate::Problem;

/// What `sent` says once `coding` is undone; at most `limit` bytes of it are ever produced.
pub(super) fn decoded(sent: &Bytes, coding: &HeaderValue, limit: usize) -> Result<Bytes, Problem> {
    let coding = coding
        .to_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match coding.as_str() {
        "" | "identity" => Ok(sent.clone()),
        "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(sent.as_ref()), limit),
        "deflate" => inflate(ZlibDecoder::new(sent.as_ref()), limit),
        other => Err(Problem::new(
            ErrorKind::Invalid,
            "request.unknown_encoding",
            "El pedido usa una compresión que no conocemos.",
        )
        .detail(format!(
            "Content-Encoding `{other}` is not one of gzip, deflate, identity"
        ))),
    }
}

fn inflate(decoder: impl Read, limit: usize) -> Result<Bytes, Problem> {
    let mut text = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(room).read_to_end(&mut text).map_err(|error| {
        Problem::new(
            ErrorKind::Invalid,
            "request.broken_encoding",
            "El pedido comprimido llegó dañado.",
        )
        .detail(error.to_string())
    })?;
    if text.len() > limit {
        Err(too_large(limit))
    } else {
        Ok(Bytes::from(text))
    }
}
