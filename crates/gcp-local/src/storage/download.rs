//! An object's bytes as an HTTP answer: headers, conditions, one range, streamed from disk.

use std::fmt::Display;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use chrono::{DateTime, Timelike, Utc};

use super::engine::Engine;
use super::error::StorageError;
use super::object::Object;
use super::range::ByteRange;

/// Bytes read from disk at a time for each running download.
const READ_BYTES: usize = 128 * 1024;

const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// How an object is handed out.
#[derive(Clone, Copy)]
pub(crate) struct Download<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// Objects that anybody may read are cacheable by anybody, unless they say otherwise.
    pub(crate) public: bool,
}

impl Engine {
    /// Answers with the object, a part of it, or why it need not be sent.
    pub(crate) async fn download(
        &self,
        object: Object,
        download: Download<'_>,
    ) -> Result<Response, StorageError> {
        check_conditions(&object, download.headers)?;
        let wanted = |object: &Object| download.range(object);
        if *download.method == Method::HEAD {
            let range = wanted(&object)?;
            return Ok(download.response(&object, range, Body::empty()));
        }
        let start = |object: &Object| Ok(wanted(object)?.map_or(0, |range| range.start));
        let (object, file) = self.open_object(object, start).await?;
        let range = wanted(&object)?;
        let length = range.map_or(object.size, ByteRange::len);
        let bytes = ReaderStream::with_capacity(file.take(length), READ_BYTES);
        Ok(download.response(&object, range, Body::from_stream(bytes)))
    }
}

impl Download<'_> {
    /// `If-Range` drops the range when the object is another by now.
    fn range(&self, object: &Object) -> Result<Option<ByteRange>, StorageError> {
        if let Some(expected) = text(self.headers, &IF_RANGE)
            && expected != object.content_etag()
            && expected != http_date(object.updated)
        {
            return Ok(None);
        }
        ByteRange::from_headers(self.headers, object.size)
    }

    fn response(&self, object: &Object, range: Option<ByteRange>, body: Body) -> Response {
        let mut response = Response::new(body);
        let length = range.map_or(object.size, ByteRange::len);
        let headers = response.headers_mut();
        object_headers(headers, object, self.public);
        set(headers, CONTENT_LENGTH, length);
        if let Some(range) = range {
            set(headers, CONTENT_RANGE, range.content_range(object.size));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        response
    }
}

/// Everything an answer says about an object, whether or not it carries bytes.
pub(crate) fn object_headers(headers: &mut HeaderMap, object: &Object, public: bool) {
    let attributes = &object.attributes;
    let default_caching = if public {
        "public, max-age=3600"
    } else {
        "private, max-age=0"
    };
    let stored_encoding = attributes.content_encoding.as_deref().unwrap_or("identity");
    set(headers, CONTENT_TYPE, object.content_type());
    set(
        headers,
        CACHE_CONTROL,
        attributes
            .cache_control
            .as_deref()
            .unwrap_or(default_caching),
    );
    for (name, value) in [
        (CONTENT_ENCODING, &attributes.content_encoding),
        (CONTENT_DISPOSITION, &attributes.content_disposition),
        (CONTENT_LANGUAGE, &attributes.content_language),
    ] {
        if let Some(value) = value {
            set(headers, name, value);
        }
    }
    set(headers, ETAG, object.content_etag());
    set(headers, LAST_MODIFIED, http_date(object.updated));
    set(headers, ACCEPT_RANGES, "bytes");
    version_headers(headers, object);
    let extension = HeaderName::from_static;
    set(
        headers,
        extension("x-goog-stored-content-encoding"),
        stored_encoding,
    );
    set(
        headers,
        extension("x-goog-storage-class"),
        object.storage_class(),
    );
    for (key, value) in &attributes.metadata {
        if let Ok(name) = HeaderName::try_from(format!("x-goog-meta-{key}")) {
            set(headers, name, value);
        }
    }
}

/// What identifies the stored version; answers to uploads carry it too.
pub(crate) fn version_headers(headers: &mut HeaderMap, object: &Object) {
    let extension = HeaderName::from_static;
    set(headers, extension("x-goog-generation"), object.generation);
    set(
        headers,
        extension("x-goog-metageneration"),
        object.metageneration,
    );
    set(
        headers,
        extension("x-goog-stored-content-length"),
        object.size,
    );
    set(
        headers,
        extension("x-goog-hash"),
        object.checksums.goog_hash(),
    );
    if let Some(count) = object.component_count {
        set(headers, extension("x-goog-component-count"), count);
    }
}

/// RFC 9110, section 13.2.2: tags before dates.
fn check_conditions(object: &Object, headers: &HeaderMap) -> Result<(), StorageError> {
    let etag = object.content_etag();
    let lists_tag = |list: &str| {
        list.split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    };
    // HTTP dates have no fractions.
    let updated = object.updated.with_nanosecond(0).unwrap_or(object.updated);
    if let Some(list) = text(headers, &IF_MATCH) {
        if !lists_tag(list) {
            return Err(StorageError::PreconditionFailed);
        }
    } else if date(headers, &IF_UNMODIFIED_SINCE).is_some_and(|since| updated > since) {
        return Err(StorageError::PreconditionFailed);
    }
    let unchanged = match text(headers, &IF_NONE_MATCH) {
        Some(list) => lists_tag(list),
        None => date(headers, &IF_MODIFIED_SINCE).is_some_and(|since| updated <= since),
    };
    if unchanged {
        Err(StorageError::NotModified)
    } else {
        Ok(())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text(headers, name)?)
        .ok()
        .map(|date| date.to_utc())
}

fn http_date(time: DateTime<Utc>) -> String {
    time.format(HTTP_DATE).to_string()
}

/// Stored text that cannot be a header value is left out rather than failing the download.
fn set(headers: &mut HeaderMap, name: HeaderName, value: impl Display) {
    if let Ok(value) = HeaderValue::try_from(value.to_string().into_bytes()) {
        headers.insert(name, value);
    }
}
