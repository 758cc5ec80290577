//! How one attempt ended, and what that is called in the API.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};

use super::resource::Status;

/// The longest `Retry-After` that is believed: a mistaken date must not park a task for weeks.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The target answered.
    Answered {
        /// Any status; only 200 to 299 is a success.
        status: StatusCode,
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No answer within the dispatch deadline.
    DeadlineExceeded,
    /// No answer at all: refused, reset, not resolved.
    Unreachable(String),
}

impl Outcome {
    /// The outcome an answer's head stands for.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let retry_after = headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        Self::Answered {
            status,
            retry_after: retry_after.and_then(|text| wait(text, now)),
        }
    }

    /// Whether the task is done.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if status.is_success())
    }

    /// Whether the target asked for less.
    pub(crate) fn is_overload(&self) -> bool {
        let statuses = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        matches!(self, Self::Answered { status, .. } if statuses.contains(status))
    }

    /// The status of the answer, if there was one.
    pub(crate) fn http_status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(status.as_u16()),
            Self::DeadlineExceeded | Self::Unreachable(_) => None,
        }
    }

    /// The least wait the target asked for.
    pub(crate) fn retry_after(&self) -> Duration {
        match self {
            Self::Answered { retry_after, .. } => retry_after.unwrap_or_default(),
            Self::DeadlineExceeded | Self::Unreachable(_) => Duration::ZERO,
        }
    }

    /// `Attempt.responseStatus`.
    pub(crate) fn rpc_status(&self) -> Status {
        let (code, name, detail) = match self {
            Self::Answered { status, .. } => {
                let (code, name) = canonical(*status);
                (code, name, format!("HTTP status code {}", status.as_u16()))
            }
            Self::DeadlineExceeded => (
                4,
                "DEADLINE_EXCEEDED",
                "no answer by the deadline".to_owned(),
            ),
            Self::Unreachable(why) => (14, "UNAVAILABLE", why.clone()),
        };
        Status {
            code,
            message: format!("{name}({code}): {detail}"),
        }
    }
}

/// The canonical code of an HTTP status, as `google.rpc.Code` maps them.
fn canonical(status: StatusCode) -> (i32, &'static str) {
    match status.as_u16() {
        200..=299 => (0, "OK"),
        400 => (3, "INVALID_ARGUMENT"),
        401 => (16, "UNAUTHENTICATED"),
        403 => (7, "PERMISSION_DENIED"),
        404 => (5, "NOT_FOUND"),
        409 => (10, "ABORTED"),
        429 => (8, "RESOURCE_EXHAUSTED"),
        499 => (1, "CANCELLED"),
        501 => (12, "UNIMPLEMENTED"),
        503 => (14, "UNAVAILABLE"),
        504 => (4, "DEADLINE_EXCEEDED"),
        500..=599 => (13, "INTERNAL"),
        _ => (2, "UNKNOWN"),
    }
}

/// `Retry-After` is seconds or an HTTP date.
fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        (date.to_utc() - now).to_std().unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        Outcome::of(status, &HeaderMap::new(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn only_two_hundreds_are_a_success_and_redirects_are_not() {
        for (status, success) in [
            (200, true),
            (204, true),
            (299, true),
            (301, false),
            (404, false),
            (500, false),
        ] {
            assert_eq!(answered(status).is_success(), success, "{status}");
        }
        assert!(!Outcome::DeadlineExceeded.is_success());
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_is_bounded() {
        let now = DateTime::from_timestamp(1_445_412_470, 0).unwrap();
        assert_eq!(wait("120", now), Some(Duration::from_mins(2)));
        assert_eq!(
            wait("Wed, 21 Oct 2015 07:28:00 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            wait("Wed, 21 Oct 2015 07:27:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(wait("999999999", now), Some(MAX_RETRY_AFTER));
        assert_eq!(wait("soon", now), None);
    }

    #[test]
    fn statuses_are_named_as_the_api_names_them() {
        assert_eq!(
            answered(503).rpc_status().message,
            "UNAVAILABLE(14): HTTP status code 503"
        );
        assert_eq!(Outcome::DeadlineExceeded.rpc_status().code, 4);
    }
}
