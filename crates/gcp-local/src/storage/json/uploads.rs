//! Uploads over JSON: simple, multipart, and the start of a resumable one.

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use super::multipart::Multipart;
use super::params::Params;
use super::resource::{access_of_acl, attributes, object_resource};
use super::{MAX_BODY, Problem, read_json};
use crate::storage::Storage;
use crate::storage::checksum::ExpectedChecksums;
use crate::storage::engine::NewObject;
use crate::storage::error::StorageError;
use crate::storage::length_range::LengthRange;
use crate::storage::names::encode_segment;
use crate::storage::object::Object;
use crate::storage::sessions::UploadRequest;

pub(super) async fn insert(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let object = match params.text("uploadType") {
        Some("media") => simple(&storage, bucket, &params, &headers, body).await?,
        Some("multipart") => multipart(&storage, bucket, &params, &headers, body).await?,
        Some("resumable") => return Ok(start(&storage, bucket, &params, &headers, body).await?),
        _ => {
            let problem = "uploadType must be media, multipart or resumable.";
            return Err(StorageError::Invalid(problem.to_owned()).into());
        }
    };
    Ok(Json(object_resource(&object, &storage.base)).into_response())
}

async fn simple(
    storage: &Storage,
    bucket: String,
    params: &Params,
    headers: &HeaderMap,
    body: Body,
) -> Result<Object, StorageError> {
    let mut new = new_object(bucket, params, Value::Object(serde_json::Map::new()))?;
    new.attributes.content_type = content_type(headers);
    new.expected = ExpectedChecksums::from_headers(headers)?;
    let mut body = body.into_data_stream();
    storage.engine.check_upload(&new).await?;
    let (mut writer, fresh) = storage.engine.begin().await?;
    while let Some(bytes) = body.next().await {
        writer
            .write(bytes.map_err(|_| StorageError::BodyInterrupted)?)
            .await?;
    }
    storage.engine.complete(new, writer, fresh).await
}

/// Metadata, media, and optionally checksums that the client knew only at the end.
async fn multipart(
    storage: &Storage,
    bucket: String,
    params: &Params,
    headers: &HeaderMap,
    body: Body,
) -> Result<Object, StorageError> {
    let kind = content_type(headers).unwrap_or_default();
    let mut parts = Multipart::<BodyDataStream>::new(&kind, body.into_data_stream())?;
    parts.next_part().await?.ok_or_else(missing_part)?;
    let mut new = new_object(bucket, params, json_part(&mut parts).await?)?;
    new.expected = ExpectedChecksums::from_headers(headers)?.merged_with(new.expected);
    let media = parts.next_part().await?.ok_or_else(missing_part)?;
    if new.attributes.content_type.is_none() {
        new.attributes.content_type = content_type(&media);
    }
    storage.engine.check_upload(&new).await?;
    let (mut writer, fresh) = storage.engine.begin().await?;
    while let Some(bytes) = parts.data().await? {
        writer.write(bytes).await?;
    }
    if parts.next_part().await?.is_some() {
        let trailer = json_part(&mut parts).await?;
        new.expected = new
            .expected
            .merged_with(ExpectedChecksums::from_json(&trailer)?);
    }
    storage.engine.complete(new, writer, fresh).await
}

async fn json_part<S, E>(parts: &mut Multipart<S>) -> Result<Value, StorageError>
where
    S: Stream<Item = Result<bytes::Bytes, E>> + Unpin,
{
    let text = parts.text(MAX_BODY).await?;
    serde_json::from_slice(&text)
        .map_err(|error| StorageError::Invalid(format!("Parse Error: {error}")))
}

fn missing_part() -> StorageError {
    StorageError::Invalid("A multipart upload has a metadata and a media part.".to_owned())
}

/// The session's address names this server as clients know it, not as the `Host` header does: the
/// official client leaves the port out there.
async fn start(
    storage: &Storage,
    bucket: String,
    params: &Params,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, StorageError> {
    let resource = read_json(body).await?;
    let mut object = new_object(bucket.clone(), params, resource)?;
    if object.attributes.content_type.is_none() {
        object.attributes.content_type = header(headers, "x-upload-content-type");
    }
    let length = LengthRange::from_headers(headers)?;
    let id = storage
        .engine
        .start_upload(UploadRequest { object, length })
        .await?;
    let location = format!(
        "{}/upload/storage/v1/b/{}/o?uploadType=resumable&upload_id={id}",
        storage.base,
        encode_segment(&bucket),
    );
    let location = HeaderValue::try_from(location)
        .map_err(|_| StorageError::Invalid("The server's URL is not a header value.".to_owned()))?;
    Ok((StatusCode::OK, [(LOCATION, location)]).into_response())
}

fn new_object(bucket: String, params: &Params, resource: Value) -> Result<NewObject, StorageError> {
    let named = resource.get("name").and_then(Value::as_str);
    let name = params.text("name").or(named).unwrap_or_default().to_owned();
    let mut new = NewObject::named(bucket, name);
    new.preconditions = params.preconditions()?;
    new.expected = ExpectedChecksums::from_json(&resource)?;
    new.access = params
        .access("predefinedAcl")
        .or_else(|| access_of_acl(resource.get("acl")))
        .unwrap_or_default();
    new.attributes = attributes(resource)?;
    if let Some(encoding) = params.text("contentEncoding") {
        new.attributes.content_encoding = Some(encoding.to_owned());
    }
    Ok(new)
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    header(headers, CONTENT_TYPE.as_str())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}
