//! A running resumable upload over JSON: chunks, status queries, cancellation.
//!
//! The session's id is the credential. Pages may use it from the origins their bucket allows.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};

use super::Problem;
use super::params::Params;
use super::resource::object_resource;
use crate::storage::error::StorageError;
use crate::storage::sessions::Progress;
use crate::storage::{Storage, cors, resumption};

pub(super) async fn put(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let step = async { resumption::proceed(&storage, upload_id(&params)?, &headers, body).await };
    let answer = match step.await {
        Ok(Progress::Incomplete { persisted }) => resumption::incomplete(persisted),
        Ok(Progress::Complete(object)) => {
            Json(object_resource(&object, &storage.base)).into_response()
        }
        Err(error) => Problem(error).into_response(),
    };
    with_cors(&storage, &bucket, &Method::PUT, &headers, answer).await
}

pub(super) async fn cancel(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Response {
    let step = async { resumption::cancel(&storage, upload_id(&params)?).await };
    let answer = match step.await {
        Ok(status) => status.into_response(),
        Err(error) => Problem(error).into_response(),
    };
    with_cors(&storage, &bucket, &Method::DELETE, &headers, answer).await
}

pub(super) async fn preflight(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    headers: HeaderMap,
) -> Response {
    let rules = storage.cors(&bucket, &headers).await;
    cors::preflight(&rules, &headers).into_response()
}

fn upload_id(params: &Params) -> Result<&str, StorageError> {
    params.text("upload_id").ok_or(StorageError::UploadNotFound)
}

async fn with_cors(
    storage: &Storage,
    bucket: &str,
    method: &Method,
    request: &HeaderMap,
    mut answer: Response,
) -> Response {
    let rules = storage.cors(bucket, request).await;
    answer
        .headers_mut()
        .extend(cors::actual(&rules, method, request));
    answer
}
