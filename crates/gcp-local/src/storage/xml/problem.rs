//! Errors as the XML API shows them.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use crate::storage::error::StorageError;
use crate::storage::signature::SignatureError;
use crate::store::StoreError;

/// An error document.
pub(super) struct XmlProblem {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// Further elements, in order.
    details: Vec<(&'static str, String)>,
    content_range: Option<String>,
}

impl XmlProblem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            content_range: None,
        }
    }

    fn with(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.details.push((element, text.into()));
        self
    }

    pub(super) fn denied(permission: &str) -> Self {
        let details = format!(
            "Anonymous caller does not have {permission} access to the Google Cloud Storage \
             object. Permission '{permission}' denied on resource (or it may not exist)."
        );
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access denied.").with("Details", details)
    }

    pub(super) fn not_an_object(path: &str) -> Self {
        let details = format!("{path} does not name an object: gcp-local serves /BUCKET/OBJECT.");
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "The specified key does not exist.",
        )
        .with("Details", details)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "The specified method is not allowed against this resource.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }
}

impl From<StorageError> for XmlProblem {
    fn from(error: StorageError) -> Self {
        let (status, code) = classify(&error);
        let message = if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a storage request failed");
            "We encountered an internal error. Please try again.".to_owned()
        } else {
            error.to_string()
        };
        let problem = Self::new(status, code, message);
        match error {
            StorageError::EntityTooLarge { max } => problem.with(
                "Details",
                format!("Content-length exceeds upper bound on range {max}"),
            ),
            StorageError::EntityTooSmall { min } => problem.with(
                "Details",
                format!("Content-length is smaller than lower bound on range {min}"),
            ),
            StorageError::RangeNotSatisfiable { size } => Self {
                content_range: Some(format!("bytes */{size}")),
                ..problem
            },
            _ => problem,
        }
    }
}

fn classify(error: &StorageError) -> (StatusCode, &'static str) {
    match error {
        StorageError::BucketNotFound => (StatusCode::NOT_FOUND, "NoSuchBucket"),
        StorageError::ObjectNotFound { .. } => (StatusCode::NOT_FOUND, "NoSuchKey"),
        StorageError::UploadNotFound => (StatusCode::NOT_FOUND, "NoSuchUpload"),
        StorageError::UploadGone => (StatusCode::GONE, "NoSuchUpload"),
        StorageError::BucketExists => (StatusCode::CONFLICT, "BucketAlreadyOwnedByYou"),
        StorageError::BucketNotEmpty => (StatusCode::CONFLICT, "BucketNotEmpty"),
        StorageError::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        StorageError::NotModified => (StatusCode::NOT_MODIFIED, "NotModified"),
        StorageError::RangeNotSatisfiable { .. } => {
            (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange")
        }
        StorageError::Invalid(_) => (StatusCode::BAD_REQUEST, "InvalidArgument"),
        StorageError::ChecksumMismatch { .. } => (StatusCode::BAD_REQUEST, "BadDigest"),
        StorageError::EntityTooLarge { .. } => (StatusCode::BAD_REQUEST, "EntityTooLarge"),
        StorageError::EntityTooSmall { .. } => (StatusCode::BAD_REQUEST, "EntityTooSmall"),
        StorageError::BodyInterrupted => (StatusCode::BAD_REQUEST, "IncompleteBody"),
        StorageError::UploadGap { .. } | StorageError::Catalog(StoreError::Closed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
        }
        StorageError::Io(_) | StorageError::Catalog(StoreError::Database(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
        }
    }
}

impl From<SignatureError> for XmlProblem {
    fn from(error: SignatureError) -> Self {
        let bad = |code| Self::new(StatusCode::BAD_REQUEST, code, "Invalid argument.");
        match error {
            SignatureError::Parameter { name, problem } => bad("InvalidArgument")
                .with("Details", problem)
                .with("ParameterName", name),
            SignatureError::UnknownSigner { email } => {
                Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access denied.").with(
                    "Details",
                    format!("{email} is not a service account of this server."),
                )
            }
            SignatureError::Expired { at } => bad("ExpiredToken").with(
                "Details",
                format!(
                    "The provided token has expired. Request signature expired at: {}",
                    at.format("%Y-%m-%dT%H:%M:%S+00:00")
                ),
            ),
            SignatureError::NotYetValid => Self::new(
                StatusCode::FORBIDDEN,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            SignatureError::HeaderMissing { name } => malformed_header(
                &name,
                "Header was included in signedheaders, but not in the request.",
            ),
            SignatureError::HeaderNotSigned { name } => malformed_header(
                &name,
                "Header was in the request, but not in signedheaders.",
            ),
            SignatureError::Mismatch {
                string_to_sign,
                canonical_request,
            } => {
                let details = "The request signature we calculated does not match the signature \
                     you provided. Check your Google secret key and signing method.";
                Self::new(
                    StatusCode::FORBIDDEN,
                    "SignatureDoesNotMatch",
                    "Access denied.",
                )
                .with("Details", details)
                .with("StringToSign", string_to_sign)
                .with("CanonicalRequest", canonical_request)
            }
        }
    }
}

fn malformed_header(name: &str, details: &str) -> XmlProblem {
    let message = "Your request has a malformed header.";
    XmlProblem::new(StatusCode::BAD_REQUEST, "MalformedSecurityHeader", message)
        .with("ParameterName", name)
        .with("Details", details)
}

impl IntoResponse for XmlProblem {
    fn into_response(self) -> Response {
        if self.status == StatusCode::NOT_MODIFIED {
            return self.status.into_response();
        }
        let mut document = format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code><Message>{}</Message>",
            self.code,
            escape(&self.message)
        );
        for (element, text) in &self.details {
            document.extend(["<", element, ">", &escape(text), "</", element, ">"]);
        }
        document.push_str("</Error>");
        let kind = HeaderValue::from_static("application/xml; charset=UTF-8");
        let mut response = (self.status, [(CONTENT_TYPE, kind)], document).into_response();
        if let Some(Ok(range)) = self.content_range.map(HeaderValue::try_from) {
            response.headers_mut().insert(CONTENT_RANGE, range);
        }
        response
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
