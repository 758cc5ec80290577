//! Changing, deleting, composing and copying objects over JSON.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::params::Params;
use super::resource::{access_of_acl, attributes, merge_patch, object_resource};
use super::{Problem, read_json};
use crate::storage::Storage;
use crate::storage::engine::{ComposeSource, CopySource, NewObject, ObjectUpdate};
use crate::storage::error::StorageError;
use crate::storage::object::Object;

type ObjectPath = Path<(String, String)>;
type CopyPath = Path<(String, String, String, String)>;

pub(super) async fn patch(
    State(storage): State<Storage>,
    object: ObjectPath,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let changes = read_json(body).await?;
    change(&storage, object, &params, move |object| {
        let access = access_of_acl(changes.get("acl"));
        let mut merged = serde_json::to_value(&*object.attributes).unwrap_or_default();
        merge_patch(&mut merged, changes);
        *object.attributes = attributes(merged)?;
        *object.access = access.unwrap_or(*object.access);
        Ok(())
    })
    .await
}

/// Replaces all metadata; what the resource does not name is cleared.
pub(super) async fn update(
    State(storage): State<Storage>,
    path: ObjectPath,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let resource = read_json(body).await?;
    change(&storage, path, &params, move |object| {
        *object.access = access_of_acl(resource.get("acl")).unwrap_or(*object.access);
        let class = object.attributes.storage_class.take();
        *object.attributes = attributes(resource)?;
        object.attributes.storage_class = object.attributes.storage_class.take().or(class);
        Ok(())
    })
    .await
}

async fn change<F>(
    storage: &Storage,
    Path((bucket, name)): ObjectPath,
    params: &Params,
    change: F,
) -> Result<Json<Value>, Problem>
where
    F: FnOnce(&mut ObjectUpdate<'_>) -> Result<(), StorageError> + Send + 'static,
{
    let access = params.access("predefinedAcl");
    let change = move |mut object: ObjectUpdate<'_>| {
        *object.access = access.unwrap_or(*object.access);
        change(&mut object)
    };
    let object = storage
        .engine
        .update_object(
            &bucket,
            &name,
            params.generation()?,
            params.preconditions()?,
            change,
        )
        .await?;
    Ok(view(storage, &object))
}

pub(super) async fn delete(
    State(storage): State<Storage>,
    Path((bucket, name)): ObjectPath,
    params: Params,
) -> Result<StatusCode, Problem> {
    let (generation, preconditions) = (params.generation()?, params.preconditions()?);
    storage
        .engine
        .delete_object(&bucket, &name, generation, preconditions)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn compose(
    State(storage): State<Storage>,
    Path((bucket, name)): ObjectPath,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let mut request = read_json(body).await?;
    let sources = request.get("sourceObjects").and_then(Value::as_array);
    let sources: Vec<ComposeSource> = sources.into_iter().flatten().map(compose_source).collect();
    let mut destination = destination(&params, bucket, name)?;
    if let Some(resource) = request.get_mut("destination").map(Value::take) {
        destination.attributes = attributes(resource)?;
    }
    let object = storage.engine.compose_object(sources, destination).await?;
    Ok(view(&storage, &object))
}

fn compose_source(source: &Value) -> ComposeSource {
    let preconditions = source.get("objectPreconditions");
    ComposeSource {
        name: source
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        generation: integer(source.get("generation")),
        generation_match: integer(preconditions.and_then(|p| p.get("ifGenerationMatch"))),
    }
}

/// 64-bit numbers come as strings, and from some clients as numbers.
fn integer(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) async fn copy(
    State(storage): State<Storage>,
    path: CopyPath,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let object = copy_object(&storage, path, &params, body).await?;
    Ok(view(&storage, &object))
}

/// Copies share bytes here, so a rewrite is always done at once and never needs a token.
pub(super) async fn rewrite(
    State(storage): State<Storage>,
    path: CopyPath,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let object = copy_object(&storage, path, &params, body).await?;
    let size = object.size.to_string();
    Ok(Json(json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": object_resource(&object, &storage.base),
    })))
}

async fn copy_object(
    storage: &Storage,
    Path((bucket, name, to_bucket, to_name)): CopyPath,
    params: &Params,
    body: Body,
) -> Result<Object, StorageError> {
    let resource = read_json(body).await?;
    let replaced = resource
        .as_object()
        .is_some_and(|fields| !fields.is_empty());
    let attributes = if replaced {
        Some(attributes(resource)?)
    } else {
        None
    };
    let source = CopySource {
        bucket,
        name,
        generation: params.number("sourceGeneration")?,
        preconditions: params.source_preconditions()?,
    };
    let destination = destination(params, to_bucket, to_name)?;
    storage
        .engine
        .copy_object(source, destination, attributes)
        .await
}

fn destination(params: &Params, bucket: String, name: String) -> Result<NewObject, StorageError> {
    let mut destination = NewObject::named(bucket, name);
    destination.preconditions = params.preconditions()?;
    destination.access = params
        .access("destinationPredefinedAcl")
        .unwrap_or_default();
    Ok(destination)
}

fn view(storage: &Storage, object: &Object) -> Json<Value> {
    Json(object_resource(object, &storage.base))
}
