//! Buckets over JSON.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::params::Params;
use super::resource::{apply_bucket, bucket_resource, etag};
use super::{Problem, read_json};
use crate::storage::Storage;
use crate::storage::bucket::{Bucket, Settings};
use crate::storage::error::StorageError;
use crate::storage::object::Access;

/// Google's largest page of buckets.
const MAX_PAGE: usize = 1000;

pub(super) async fn insert(
    State(storage): State<Storage>,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let resource = read_json(body).await?;
    let name = resource
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let project = params
        .text("project")
        .unwrap_or(&storage.project)
        .to_owned();
    let mut settings = Settings::default();
    apply_bucket(&mut settings, &resource)?;
    // A bucket's own list governs listing at Google. Here, where nobody lists anonymously, either
    // list makes the objects readable.
    for name in ["predefinedAcl", "predefinedDefaultObjectAcl"] {
        if params.access(name) == Some(Access::PublicRead) {
            settings.access = Access::PublicRead;
        }
    }
    let bucket = storage
        .engine
        .create_bucket(name, project, settings)
        .await?;
    Ok(view(&storage, &bucket))
}

pub(super) async fn list(
    State(storage): State<Storage>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let limit = params
        .number("maxResults")?
        .filter(|limit| *limit > 0)
        .unwrap_or(MAX_PAGE);
    let prefix = params.text("prefix").unwrap_or_default().to_owned();
    let from = params.text("pageToken").unwrap_or_default().to_owned();
    let page = storage
        .engine
        .list_buckets(prefix, from, limit.min(MAX_PAGE))
        .await?;
    let items: Vec<Value> = page
        .buckets
        .iter()
        .map(|bucket| bucket_resource(bucket, &storage.base))
        .collect();
    let mut answer = json!({ "kind": "storage#buckets", "items": items });
    if let (Some(next), Value::Object(fields)) = (page.next, &mut answer) {
        fields.insert("nextPageToken".to_owned(), next.into());
    }
    Ok(Json(answer))
}

pub(super) async fn get(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let bucket = storage.engine.bucket(&bucket).await?;
    params
        .preconditions()?
        .check_bucket_read(bucket.metageneration)?;
    Ok(view(&storage, &bucket))
}

pub(super) async fn patch(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let patch = read_json(body).await?;
    change(&storage, &bucket, &params, move |settings| {
        apply_bucket(settings, &patch)
    })
    .await
}

/// Replaces what may be replaced; where a bucket lives and who it lets in stay.
pub(super) async fn update(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let resource = read_json(body).await?;
    let replace = move |settings: &mut Settings| {
        settings.cors.clear();
        settings.labels.clear();
        apply_bucket(settings, &resource)
    };
    change(&storage, &bucket, &params, replace).await
}

pub(super) async fn delete(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
) -> Result<StatusCode, Problem> {
    storage
        .engine
        .delete_bucket(&bucket, params.preconditions()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn policy(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
) -> Result<Json<Value>, Problem> {
    let bucket = storage.engine.bucket(&bucket).await?;
    Ok(policy_view(&bucket))
}

/// Of a policy, one thing has an effect: whether it lets `allUsers` read objects.
pub(super) async fn set_policy(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let policy = read_json(body).await?;
    let bindings = policy
        .get("bindings")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let claimed = policy
        .get("etag")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let current = storage.engine.bucket(&bucket).await?;
    let mut preconditions = crate::storage::precondition::Preconditions::default();
    if let Some(claimed) = claimed.filter(|etag| !etag.is_empty()) {
        if claimed != etag(&current) {
            return Err(StorageError::PreconditionFailed.into());
        }
        preconditions.metageneration_match = Some(current.metageneration);
    }
    let replace = move |settings: &mut Settings| {
        settings.iam_bindings = bindings;
        Ok(())
    };
    let bucket = storage
        .engine
        .update_bucket(&bucket, preconditions, replace)
        .await?;
    Ok(policy_view(&bucket))
}

async fn change<F>(
    storage: &Storage,
    bucket: &str,
    params: &Params,
    change: F,
) -> Result<Json<Value>, Problem>
where
    F: FnOnce(&mut Settings) -> Result<(), StorageError> + Send + 'static,
{
    let public = params.access("predefinedDefaultObjectAcl");
    let change = move |settings: &mut Settings| {
        settings.access = public.unwrap_or(settings.access);
        change(settings)
    };
    let bucket = storage
        .engine
        .update_bucket(bucket, params.preconditions()?, change)
        .await?;
    Ok(view(storage, &bucket))
}

fn view(storage: &Storage, bucket: &Bucket) -> Json<Value> {
    Json(bucket_resource(bucket, &storage.base))
}

fn policy_view(bucket: &Bucket) -> Json<Value> {
    Json(json!({
        "kind": "storage#policy",
        "resourceId": format!("projects/_/buckets/{}", bucket.name),
        "version": 1,
        "etag": etag(bucket),
        "bindings": bucket.settings.iam_bindings,
    }))
}
