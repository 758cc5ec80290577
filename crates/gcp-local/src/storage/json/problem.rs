//! Errors as the JSON API shows them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::storage::error::StorageError;
use crate::store::StoreError;

/// An error on its way out.
pub(crate) struct Problem(pub(crate) StorageError);

impl<E: Into<StorageError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, reason) = classify(&self.0);
        if status == StatusCode::NOT_MODIFIED {
            return status.into_response();
        }
        let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self.0, "a storage request failed");
            "The local store failed; see the server's log.".to_owned()
        } else {
            self.0.to_string()
        };
        let body = json!({ "error": {
            "code": status.as_u16(),
            "message": message,
            "errors": [{ "message": message, "domain": "global", "reason": reason }],
        }});
        let mut response = (status, Json(body)).into_response();
        if let StorageError::RangeNotSatisfiable { size } = self.0
            && let Ok(value) = HeaderValue::try_from(format!("bytes */{size}"))
        {
            response
                .headers_mut()
                .insert(http::header::CONTENT_RANGE, value);
        }
        response
    }
}

fn classify(error: &StorageError) -> (StatusCode, &'static str) {
    match error {
        StorageError::BucketNotFound
        | StorageError::ObjectNotFound { .. }
        | StorageError::UploadNotFound => (StatusCode::NOT_FOUND, "notFound"),
        StorageError::UploadGone => (StatusCode::GONE, "uploadGone"),
        StorageError::BucketExists | StorageError::BucketNotEmpty => {
            (StatusCode::CONFLICT, "conflict")
        }
        StorageError::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "conditionNotMet"),
        StorageError::NotModified => (StatusCode::NOT_MODIFIED, "notModified"),
        StorageError::RangeNotSatisfiable { .. } => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            "requestedRangeNotSatisfiable",
        ),
        StorageError::Invalid(_)
        | StorageError::ChecksumMismatch { .. }
        | StorageError::EntityTooLarge { .. }
        | StorageError::EntityTooSmall { .. }
        | StorageError::BodyInterrupted => (StatusCode::BAD_REQUEST, "invalid"),
        StorageError::UploadGap { .. } | StorageError::Catalog(StoreError::Closed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "backendError")
        }
        StorageError::Io(_) | StorageError::Catalog(StoreError::Database(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "backendError")
        }
    }
}
