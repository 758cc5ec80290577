//! `google.storage.v2.Storage`: the calls the official clients make beside the JSON API. Like there,
//! whoever reaches the port is trusted.

mod buckets;
mod convert;
mod messages;
mod objects;
mod reading;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::Request;

use super::Storage;
use super::error::StorageError;
use crate::store::StoreError;
use crate::wire::grpc::{bidi, unary, unimplemented};
use crate::wire::{ApiError, Code};

pub(crate) fn routes(storage: Storage) -> Router {
    Router::new()
        .route("/google.storage.v2.Storage/{method}", post(serve))
        .with_state(storage)
}

async fn serve(State(storage): State<Storage>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    let method = path.rsplit('/').next().unwrap_or_default();
    let storage = &storage;
    match method {
        "CreateBucket" => unary(request, |call| buckets::create(storage.clone(), call)).await,
        "GetBucket" => unary(request, |call| buckets::get(storage.clone(), call)).await,
        "ListBuckets" => unary(request, |call| buckets::list(storage.clone(), call)).await,
        "UpdateBucket" => unary(request, |call| buckets::update(storage.clone(), call)).await,
        "DeleteBucket" => unary(request, |call| buckets::delete(storage.clone(), call)).await,
        "GetObject" => unary(request, |call| objects::get(storage.clone(), call)).await,
        "ListObjects" => unary(request, |call| objects::list(storage.clone(), call)).await,
        "UpdateObject" => unary(request, |call| objects::update(storage.clone(), call)).await,
        "DeleteObject" => unary(request, |call| objects::delete(storage.clone(), call)).await,
        "ComposeObject" => unary(request, |call| objects::compose(storage.clone(), call)).await,
        "RewriteObject" => unary(request, |call| objects::rewrite(storage.clone(), call)).await,
        "BidiReadObject" => bidi(request, |calls| reading::read(storage.clone(), calls)).await,
        _ => unimplemented(&path),
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let code = match &error {
            StorageError::BucketNotFound
            | StorageError::ObjectNotFound { .. }
            | StorageError::UploadNotFound
            | StorageError::UploadGone => Code::NotFound,
            StorageError::BucketExists => Code::AlreadyExists,
            StorageError::BucketNotEmpty | StorageError::PreconditionFailed => {
                Code::FailedPrecondition
            }
            StorageError::NotModified => Code::Aborted,
            StorageError::RangeNotSatisfiable { .. } => Code::OutOfRange,
            StorageError::Invalid(_)
            | StorageError::ChecksumMismatch { .. }
            | StorageError::EntityTooLarge { .. }
            | StorageError::EntityTooSmall { .. }
            | StorageError::BodyInterrupted => Code::InvalidArgument,
            StorageError::UploadGap { .. } | StorageError::Catalog(StoreError::Closed) => {
                Code::Unavailable
            }
            StorageError::Io(_) | StorageError::Catalog(StoreError::Database(_)) => {
                tracing::error!(%error, "a storage call failed");
                return Self::new(
                    Code::Internal,
                    "The local store failed; see the server's log.",
                );
            }
        };
        Self::new(code, error.to_string())
    }
}
