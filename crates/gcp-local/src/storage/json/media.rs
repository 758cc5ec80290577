//! Reading an object over JSON: its resource, or with `alt=media` its bytes.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};

use super::Problem;
use super::params::Params;
use super::resource::object_resource;
use crate::storage::Storage;
use crate::storage::download::Download;
use crate::storage::object::Access;

type ObjectPath = Path<(String, String)>;

pub(super) async fn get(
    State(storage): State<Storage>,
    path: ObjectPath,
    params: Params,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if params.text("alt") == Some("media") {
        return download(State(storage), path, params, method, headers).await;
    }
    let Path((bucket, name)) = path;
    let object = storage
        .engine
        .object(
            &bucket,
            &name,
            params.generation()?,
            params.preconditions()?,
        )
        .await?;
    Ok(Json(object_resource(&object, &storage.base)).into_response())
}

pub(super) async fn download(
    State(storage): State<Storage>,
    Path((bucket, name)): ObjectPath,
    params: Params,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = storage
        .engine
        .object(
            &bucket,
            &name,
            params.generation()?,
            params.preconditions()?,
        )
        .await?;
    let public = object.access == Access::PublicRead;
    let download = Download {
        method: &method,
        headers: &headers,
        public,
    };
    Ok(storage.engine.download(object, download).await?)
}
