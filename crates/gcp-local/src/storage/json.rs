//! The JSON API (`/storage/v1`, `/upload/storage/v1`, `/download/storage/v1`).

mod buckets;
mod listing;
mod media;
mod multipart;
mod objects;
mod params;
mod problem;
mod resource;
mod resumable;
mod uploads;

use problem::Problem;
pub(crate) use resource::etag as bucket_etag;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::middleware::from_fn;
use axum::routing::{get, post};
use serde_json::Value;

use super::Storage;
use super::error::StorageError;
use crate::pages;

/// Bound of a JSON body. Google's own bound on an object's metadata is far smaller.
const MAX_BODY: usize = 1 << 20;

/// Requests here are trusted without credentials: whoever reaches this port may administer it, but
/// for pages in browsers.
pub(crate) fn routes(storage: Storage) -> Router {
    Router::new()
        .route("/storage/v1/b", post(buckets::insert).get(buckets::list))
        .route(
            "/storage/v1/b/{bucket}",
            get(buckets::get)
                .patch(buckets::patch)
                .put(buckets::update)
                .delete(buckets::delete),
        )
        .route(
            "/storage/v1/b/{bucket}/iam",
            get(buckets::policy).put(buckets::set_policy),
        )
        .route("/storage/v1/b/{bucket}/o", get(listing::list))
        .route(
            "/storage/v1/b/{bucket}/o/{object}",
            get(media::get)
                .patch(objects::patch)
                .put(objects::update)
                .delete(objects::delete),
        )
        .route(
            "/download/storage/v1/b/{bucket}/o/{object}",
            get(media::download),
        )
        .route(
            "/storage/v1/b/{bucket}/o/{object}/compose",
            post(objects::compose),
        )
        .route(
            "/storage/v1/b/{bucket}/o/{object}/copyTo/b/{to_bucket}/o/{to_object}",
            post(objects::copy),
        )
        .route(
            "/storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{to_bucket}/o/{to_object}",
            post(objects::rewrite),
        )
        .layer(from_fn(pages::refuse))
        .route(
            "/upload/storage/v1/b/{bucket}/o",
            post(uploads::insert)
                .layer(from_fn(pages::refuse))
                // The id of an upload session is a credential, and pages hold it, too.
                .put(resumable::put)
                .delete(resumable::cancel)
                .options(resumable::preflight),
        )
        .with_state(storage)
}

/// Reads a resource; an empty body is an empty one.
async fn read_json(body: Body) -> Result<Value, StorageError> {
    let bytes = to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| StorageError::Invalid("The JSON body is broken or too large.".to_owned()))?;
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| StorageError::Invalid(format!("Parse Error: {error}")))
}
