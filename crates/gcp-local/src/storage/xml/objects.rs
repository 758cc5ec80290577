//! Reading, writing and deleting one object.

use axum::body::{Body, BodyDataStream};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use http::{HeaderValue, Method, StatusCode};

use super::access::{Caller, identify};
use super::request::ObjectRequest;
use super::{Answer, XmlProblem};
use crate::storage::checksum::ExpectedChecksums;
use crate::storage::download::{Download, version_headers};
use crate::storage::engine::NewObject;
use crate::storage::error::StorageError;
use crate::storage::length_range::LengthRange;
use crate::storage::names::encode_path;
use crate::storage::object::{Access, Attributes, Object};
use crate::storage::sessions::{Progress, UploadRequest};
use crate::storage::{Storage, resumption};

/// How much of a refused body is read so that its sender gets to read why. Who sends more is cut off.
const MAX_DISCARDED: usize = 4 << 20;

pub(super) async fn answer(storage: &Storage, request: &ObjectRequest, body: Body) -> Answer {
    if let Some(id) = request.parameter("upload_id") {
        return resume(storage, request, &id, body).await;
    }
    let caller = identify(storage, request)?;
    match *request.method() {
        Method::GET | Method::HEAD => read(storage, request, caller).await,
        Method::PUT => {
            let mut body = body.into_data_stream();
            let outcome = write(storage, request, caller, &mut body).await;
            if outcome.is_err() {
                discard(&mut body).await;
            }
            outcome
        }
        Method::POST => start(storage, request, caller).await,
        Method::DELETE => delete(storage, request, caller).await,
        _ => Err(XmlProblem::method_not_allowed()),
    }
}

async fn read(storage: &Storage, request: &ObjectRequest, caller: Caller) -> Answer {
    let reader = caller.may_read(storage, &request.bucket).await;
    let (generation, preconditions) = (request.generation()?, request.preconditions()?);
    let found = storage
        .engine
        .object(&request.bucket, &request.object, generation, preconditions)
        .await;
    let object = match found {
        Err(StorageError::ObjectNotFound { .. }) if !reader.may_see_absence() => {
            return Err(XmlProblem::denied("storage.objects.get"));
        }
        other => other?,
    };
    reader.check(&object)?;
    let (method, headers) = (request.method(), request.headers());
    let download = Download {
        method,
        headers,
        public: reader.is_public(&object),
    };
    let mut response = storage.engine.download(object, download).await?;
    if caller == Caller::Signer {
        override_headers(request, &mut response);
    }
    Ok(response)
}

/// A signer may choose how a browser takes the bytes.
fn override_headers(request: &ObjectRequest, response: &mut Response) {
    for (parameter, header) in [
        ("response-content-type", CONTENT_TYPE),
        ("response-content-disposition", CONTENT_DISPOSITION),
    ] {
        if let Some(Ok(value)) = request.parameter(parameter).map(HeaderValue::try_from) {
            response.headers_mut().insert(header, value);
        }
    }
}

async fn write(
    storage: &Storage,
    request: &ObjectRequest,
    caller: Caller,
    body: &mut BodyDataStream,
) -> Answer {
    caller.may_write(request.method())?;
    let (new, length) = (
        new_object(request)?,
        LengthRange::from_headers(request.headers())?,
    );
    let announced = request
        .header(CONTENT_LENGTH.as_str())
        .and_then(|value| value.parse().ok());
    if let Some(announced) = announced {
        length.check(announced)?;
    }
    Ok(written(&receive(storage, new, length, body).await?))
}

/// Takes the bytes, as long as they are as many as they may be.
async fn receive(
    storage: &Storage,
    new: NewObject,
    length: LengthRange,
    body: &mut BodyDataStream,
) -> Result<Object, StorageError> {
    storage.engine.check_upload(&new).await?;
    let (mut writer, fresh) = storage.engine.begin().await?;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|_| StorageError::BodyInterrupted)?;
        let size = writer
            .size()
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        length.check_so_far(size)?;
        writer.write(bytes).await?;
    }
    length.check(writer.size())?;
    storage.engine.complete(new, writer, fresh).await
}

async fn start(storage: &Storage, request: &ObjectRequest, caller: Caller) -> Answer {
    if request.header("x-goog-resumable") != Some("start") {
        return Err(XmlProblem::method_not_allowed());
    }
    caller.may_write(request.method())?;
    let (object, length) = (
        new_object(request)?,
        LengthRange::from_headers(request.headers())?,
    );
    let id = storage
        .engine
        .start_upload(UploadRequest { object, length })
        .await?;
    let path = encode_path(&format!("/{}/{}", request.bucket, request.object));
    let location = HeaderValue::try_from(format!("{}{path}?upload_id={id}", storage.base))
        .map_err(|_| StorageError::Invalid("The server's URL is not a header value.".to_owned()))?;
    Ok((StatusCode::CREATED, [(LOCATION, location)]).into_response())
}

/// The rest of an upload that [`start`] began; its id is the permission.
async fn resume(storage: &Storage, request: &ObjectRequest, id: &str, body: Body) -> Answer {
    let session = storage.engine.upload_session(id).await?;
    let target = &session.request.object;
    if target.bucket != request.bucket || target.name != request.object {
        return Err(StorageError::UploadNotFound.into());
    }
    match *request.method() {
        Method::PUT => match resumption::proceed(storage, id, request.headers(), body).await? {
            Progress::Incomplete { persisted } => Ok(resumption::incomplete(persisted)),
            Progress::Complete(object) => Ok(written(&object)),
        },
        Method::DELETE => Ok(resumption::cancel(storage, id).await?.into_response()),
        _ => Err(XmlProblem::method_not_allowed()),
    }
}

async fn delete(storage: &Storage, request: &ObjectRequest, caller: Caller) -> Answer {
    caller.may_write(request.method())?;
    let (generation, preconditions) = (request.generation()?, request.preconditions()?);
    storage
        .engine
        .delete_object(&request.bucket, &request.object, generation, preconditions)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn new_object(request: &ObjectRequest) -> Result<NewObject, StorageError> {
    let text = |name: &str| request.header(name).map(str::to_owned);
    let metadata = request.headers().iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix("x-goog-meta-")?;
        Some((
            key.to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        ))
    });
    let attributes = Attributes {
        content_type: text("content-type"),
        content_encoding: text("content-encoding"),
        content_disposition: text("content-disposition"),
        content_language: text("content-language"),
        cache_control: text("cache-control"),
        custom_time: None,
        storage_class: text("x-goog-storage-class"),
        metadata: metadata.collect(),
    };
    Ok(NewObject {
        attributes,
        access: request
            .header("x-goog-acl")
            .map(Access::from_predefined)
            .unwrap_or_default(),
        preconditions: request.preconditions()?,
        expected: ExpectedChecksums::from_headers(request.headers())?,
        ..NewObject::named(request.bucket.clone(), request.object.clone())
    })
}

fn written(object: &Object) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    version_headers(headers, object);
    headers.insert(
        HeaderName::from_static("x-goog-stored-content-encoding"),
        identity(object),
    );
    if let Ok(etag) = HeaderValue::try_from(object.content_etag()) {
        headers.insert(ETAG, etag);
    }
    response
}

fn identity(object: &Object) -> HeaderValue {
    let stored = object
        .attributes
        .content_encoding
        .as_deref()
        .unwrap_or("identity");
    HeaderValue::try_from(stored).unwrap_or_else(|_| HeaderValue::from_static("identity"))
}

async fn discard(body: &mut BodyDataStream) {
    let mut left = MAX_DISCARDED;
    while let Some(Ok(bytes)) = body.next().await {
        match left.checked_sub(bytes.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
