//! Sorts what the clients report into "again later" and "never".
//!
//! The question is whether this message, job or file could ever be taken as it is. A missing
//! topic, a missing permission or a wrong audience are faults of a deployment: they are repaired
//! there, and the work must still exist by then. So only what the request itself carries is
//! "never".

use std::future::Future;
use std::time::Duration;

use avvivo_ports::{BusError, QueueError, StoreError};
use google_cloud_gax::error::{Error, rpc::Code};

/// What to do about a failed call.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The same call may work later.
    Later(String),
    /// The same call will never work.
    Never(String),
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        let reason = reason(error);
        if is_about_the_request(error) {
            Self::Never(reason)
        } else {
            Self::Later(reason)
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<Trouble> for QueueError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Later(reason) => Self::Unavailable { reason },
            Trouble::Never(reason) => Self::Refused { reason },
        }
    }
}

impl From<Trouble> for BusError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Later(reason) => Self::Unavailable { reason },
            Trouble::Never(reason) => Self::Refused { reason },
        }
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Later(reason) => Self::Unavailable { reason },
            Trouble::Never(reason) => Self::Refused { reason },
        }
    }
}

/// Awaits `call` for at most `limit`. The clients' own limits do not cover connecting over gRPC,
/// nor a server that accepts and then says nothing.
pub(crate) async fn call<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(Error::timeout(elapsed)),
    }
}

/// Whether the thing named in the call does not exist.
pub(crate) fn is_missing(error: &Error) -> bool {
    has(error, Code::NotFound, 404)
}

/// Whether the thing to be created exists.
pub(crate) fn is_taken(error: &Error) -> bool {
    has(error, Code::AlreadyExists, 409)
}

/// Whether a precondition, such as "only if there is no such object", did not hold.
pub(crate) fn is_precondition(error: &Error) -> bool {
    has(error, Code::FailedPrecondition, 412)
}

/// The error and what caused it, in one line.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some of the clients' errors repeat their source, some do not.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn is_about_the_request(error: &Error) -> bool {
    if error.is_serialization() || error.is_binding() {
        return true;
    }
    match error.status() {
        Some(status) => matches!(
            status.code,
            Code::InvalidArgument
                | Code::OutOfRange
                | Code::FailedPrecondition
                | Code::AlreadyExists
                | Code::Unimplemented
        ),
        None => matches!(error.http_status_code(), Some(400 | 409 | 411..=413 | 422)),
    }
}

fn has(error: &Error, code: Code, http: u16) -> bool {
    error.status().is_some_and(|status| status.code == code)
        || error.http_status_code() == Some(http)
}

#[cfg(test)]
mod tests {
    use google_cloud_gax::error::rpc::Status;

    use super::*;

    fn status(code: Code) -> Error {
        Error::service(Status::default().set_code(code))
    }

    #[test]
    fn only_what_the_request_carries_is_never_taken() {
        for code in [Code::InvalidArgument, Code::OutOfRange, Code::Unimplemented] {
            assert!(
                matches!(Trouble::from(status(code)), Trouble::Never(_)),
                "{code:?}"
            );
        }
        for code in [
            Code::Unavailable,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
            Code::Internal,
            Code::Unknown,
            Code::NotFound,
            Code::PermissionDenied,
            Code::Unauthenticated,
        ] {
            assert!(
                matches!(Trouble::from(status(code)), Trouble::Later(_)),
                "{code:?}"
            );
        }
        assert!(matches!(
            Trouble::from(Error::io("cable")),
            Trouble::Later(_)
        ));
        assert!(matches!(
            Trouble::from(Error::timeout("slow")),
            Trouble::Later(_)
        ));
    }

    #[test]
    fn storage_speaks_http_without_a_status() {
        let http = |code| Error::http(code, axum::http::HeaderMap::new(), bytes::Bytes::new());
        assert!(is_missing(&http(404)));
        assert!(is_precondition(&http(412)));
        assert!(matches!(Trouble::from(http(503)), Trouble::Later(_)));
        assert!(matches!(Trouble::from(http(403)), Trouble::Later(_)));
        assert!(matches!(Trouble::from(http(413)), Trouble::Never(_)));
    }
}
