//! The one shape of every error: an RFC 9457 problem that always also has `message` for people and `code` for programs.
//!
//! A [`Problem`] renders itself wherever it is returned. On its way out the pipeline gives it its `instance` (the
//! request id) and, if it is our fault or a dependency's, logs it with its chain of causes: once, there.

mod kinds;

use std::{error::Error, sync::Arc, time::Duration};

use avvivo_kernel::{ErrorKind, Fault};
use axum::{
    body::{Body, HttpBody},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::RequestId;

pub use kinds::status;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

type Cause = Arc<dyn Error + Send + Sync>;

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Cause>,
}

#[derive(Serialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    type_uri: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    message: &'a str,
    code: &'static str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem of `kind`. `message` is a Spanish sentence for people, `code` a stable word for programs.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message: message.into(),
            detail: None,
            members: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// A defect of ours. What happened goes to the log, not to the client.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal", kinds::INTERNAL_MESSAGE).caused_by(cause)
    }

    /// Adds what a developer of a client would want to know.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a member beside the standard ones, such as `fieldErrors`. The standard ones cannot be replaced.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        const STANDARD: [&str; 7] = [
            "type", "title", "status", "detail", "instance", "message", "code",
        ];
        if !STANDARD.contains(&name) {
            self.0.members.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers.insert(name, value.into());
        self
    }

    /// Says when to come back, in whole seconds, rounded up, at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let partial = u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER, wait.as_secs().saturating_add(partial).max(1))
    }

    /// Adds what led to this, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// What went wrong, from the closed list.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The status this is answered with.
    pub fn status(&self) -> StatusCode {
        status(self.0.kind)
    }

    fn render(&self, instance: Option<String>) -> Vec<u8> {
        let inner = &self.0;
        let wire = Wire {
            type_uri: format!("urn:avvivo:problem:{}", inner.code),
            title: kinds::title(inner.kind),
            status: self.status().as_u16(),
            detail: inner.detail.as_deref(),
            instance,
            message: &inner.message,
            code: inner.code,
            members: &inner.members,
        };
        // The wire shape has string keys only and cannot fail; a body of last resort costs less than an unwrap.
        serde_json::to_vec(&wire).unwrap_or_else(|_| b"{}".to_vec())
    }

    fn log(&self, request: &RequestId) {
        let inner = &self.0;
        let cause = inner
            .cause
            .as_ref()
            .map_or_else(|| inner.message.clone(), |c| chain(&**c));
        match inner.kind {
            ErrorKind::Internal => {
                tracing::error!(request_id = %request, code = inner.code, error = cause, "request failed");
            }
            ErrorKind::Unavailable | ErrorKind::Timeout => {
                tracing::warn!(request_id = %request, code = inner.code, error = cause, "dependency failed");
            }
            ErrorKind::Invalid
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::LimitReached
            | ErrorKind::TooLarge => {}
        }
    }
}

/// Every fault becomes a problem with `?`. Defects of ours say nothing to the client.
impl<F: Fault + Send + Sync + 'static> From<F> for Problem {
    fn from(fault: F) -> Self {
        let kind = fault.kind();
        let message = match kind {
            ErrorKind::Internal => kinds::INTERNAL_MESSAGE.to_owned(),
            _ => fault.public_message(),
        };
        let problem = Self::new(kind, fault.code(), message);
        match kind {
            ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Timeout => {
                problem.caused_by(fault)
            }
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.render(None)));
        *response.status_mut() = self.status();
        response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
        response.headers_mut().extend(self.0.headers.clone());
        response.extensions_mut().insert(self);
        response
    }
}

/// The last touch at the edge: names the request in the body, and logs what has to be logged.
pub(crate) fn finish(response: &mut Response, request: &RequestId) {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return;
    };
    problem.log(request);
    // An answer to HEAD has lost its body, and keeps none.
    if response.body().size_hint().exact() != Some(0) {
        *response.body_mut() = Body::from(problem.render(Some(request.to_string())));
    }
    response.headers_mut().remove(CONTENT_LENGTH);
}

/// `error` and everything that led to it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}
