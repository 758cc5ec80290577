//! The resumable protocol's requests after the first, which the JSON and the XML API share. They
//! differ only in how they say that the object is complete.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::RANGE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Storage;
use super::checksum::ExpectedChecksums;
use super::content_range::ChunkRange;
use super::error::StorageError;
use super::sessions::Progress;

/// What Google answers to a cancellation: "client closed request".
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Takes a chunk, or says how far the upload is. A question disturbs nobody who is still sending.
pub(crate) async fn proceed(
    storage: &Storage,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Progress, StorageError> {
    let engine = &storage.engine;
    let range = ChunkRange::from_headers(headers)?;
    if let ChunkRange::Query { total } = range {
        let session = engine.upload_session(id).await?;
        if !engine.upload_has_reached(&session, total).await? {
            return engine.upload_status(session).await;
        }
    }
    let expected = ExpectedChecksums::from_headers(headers)?;
    engine
        .append_upload(id, range, expected, body.into_data_stream())
        .await
}

/// "Resume incomplete": how much is safe, or no `Range` when nothing is.
pub(crate) fn incomplete(persisted: u64) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Some(last) = persisted.checked_sub(1)
        && let Ok(range) = HeaderValue::try_from(format!("bytes=0-{last}"))
    {
        response.headers_mut().insert(RANGE, range);
    }
    response
}

/// Ends a session.
pub(crate) async fn cancel(storage: &Storage, id: &str) -> Result<StatusCode, StorageError> {
    storage.engine.upload_session(id).await?;
    storage.engine.cancel_upload(id).await?;
    Ok(StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::NO_CONTENT))
}
