//! The JSON shapes of `google.cloud.tasks.v2`, as they are sent and as they are kept on disk.
//!
//! Enums are read by name or by number and written by name; unknown fields are ignored. What a
//! value may be is decided in [`super::queue_spec`] and [`super::task_spec`].

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::wire::json::{self, JsonDuration};

/// `Queue`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Queue {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_target: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate_limits: Option<RateLimits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_config: Option<RetryConfig>,
    /// Output only, so whatever a caller sends is let through unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purge_time: Option<DateTime<Utc>>,
}

/// `RateLimits`.
#[expect(clippy::struct_field_names, reason = "the API's names")]
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RateLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_dispatches_per_second: Option<f64>,
    /// Output only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_burst_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_concurrent_dispatches: Option<i32>,
}

/// `RetryConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RetryConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_attempts: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_retry_duration: Option<JsonDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_backoff: Option<JsonDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_backoff: Option<JsonDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_doublings: Option<i32>,
}

/// `Task`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Task {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_request: Option<HttpRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_engine_http_request: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dispatch_deadline: Option<JsonDuration>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) dispatch_count: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) response_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_attempt: Option<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_attempt: Option<Attempt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_config: Option<RetryConfig>,
}

/// `Attempt`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attempt {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dispatch_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_status: Option<Status>,
}

/// `google.rpc.Status`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) code: i32,
    pub(crate) message: String,
}

/// `HttpRequest`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HttpRequest {
    pub(crate) url: String,
    pub(crate) http_method: Method,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oidc_token: Option<OidcToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oauth_token: Option<OAuthToken>,
}

/// `OidcToken`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OidcToken {
    pub(crate) service_account_email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) audience: String,
}

/// `OAuthToken`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OAuthToken {
    pub(crate) service_account_email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
}

/// `CreateTaskRequest` without its parent, which is in the path.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateTask {
    pub(crate) task: Task,
    pub(crate) response_view: View,
}

/// A protobuf `bytes` field.
#[derive(Debug, Clone)]
pub(crate) struct Body(pub(crate) Bytes);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&json::encode_bytes(&self.0))
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let decoded =
            json::decode_bytes(&text).ok_or_else(|| D::Error::custom("Base64 decoding failed"))?;
        Ok(Self(decoded.into()))
    }
}

/// An enum of the wire: its values with their protobuf numbers and names.
trait WireEnum: Copy + PartialEq + 'static {
    const VALUES: &'static [(Self, u64, &'static str)];

    fn wire_name(self) -> &'static str {
        Self::VALUES
            .iter()
            .find(|(value, ..)| *value == self)
            .map_or("UNSPECIFIED", |entry| entry.2)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EnumVisitor(std::marker::PhantomData))
    }

    fn named(name: &str) -> Option<Self> {
        Self::VALUES
            .iter()
            .find(|entry| entry.2 == name)
            .map(|entry| entry.0)
    }

    fn numbered(number: u64) -> Option<Self> {
        Self::VALUES
            .iter()
            .find(|entry| entry.1 == number)
            .map(|entry| entry.0)
    }
}

struct EnumVisitor<T>(std::marker::PhantomData<T>);

impl<T: WireEnum> Visitor<'_> for EnumVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an enum value by name or number")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<T, E> {
        T::named(name).ok_or_else(|| E::custom(format!("Invalid enum value {name}")))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        T::numbered(number).ok_or_else(|| E::custom(format!("Invalid enum value {number}")))
    }
}

/// `HttpMethod`; POST when unspecified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Method {
    #[default]
    Post,
    Get,
    Head,
    Put,
    Delete,
    Patch,
    Options,
}

impl WireEnum for Method {
    const VALUES: &'static [(Self, u64, &'static str)] = &[
        (Self::Post, 1, "POST"),
        (Self::Post, 0, "HTTP_METHOD_UNSPECIFIED"),
        (Self::Get, 2, "GET"),
        (Self::Head, 3, "HEAD"),
        (Self::Put, 4, "PUT"),
        (Self::Delete, 5, "DELETE"),
        (Self::Patch, 6, "PATCH"),
        (Self::Options, 7, "OPTIONS"),
    ];
}

impl Method {
    /// Whether Cloud Tasks sends a body with this method.
    pub(crate) fn takes_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    /// The method on the wire of HTTP.
    pub(crate) fn as_http(self) -> http::Method {
        match self {
            Self::Post => http::Method::POST,
            Self::Get => http::Method::GET,
            Self::Head => http::Method::HEAD,
            Self::Put => http::Method::PUT,
            Self::Delete => http::Method::DELETE,
            Self::Patch => http::Method::PATCH,
            Self::Options => http::Method::OPTIONS,
        }
    }
}

/// `Task.View`; BASIC (without the body) when unspecified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum View {
    #[default]
    Basic,
    Full,
}

impl WireEnum for View {
    const VALUES: &'static [(Self, u64, &'static str)] = &[
        (Self::Basic, 1, "BASIC"),
        (Self::Basic, 0, "VIEW_UNSPECIFIED"),
        (Self::Full, 2, "FULL"),
    ];
}

impl View {
    /// The value of a `responseView` query parameter.
    pub(crate) fn from_query(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .map_or_else(|| Self::named(text), Self::numbered)
    }
}

macro_rules! wire_enum_serde {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.wire_name())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(deserializer)
            }
        }
    )+};
}
wire_enum_serde!(Method, View);

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_are_read_by_name_and_by_number() {
        let method = |json: &str| serde_json::from_str::<Method>(json).ok();
        assert_eq!(method("\"PATCH\""), Some(Method::Patch));
        assert_eq!(method("6"), Some(Method::Patch));
        assert_eq!(method("0"), Some(Method::Post));
        assert_eq!(method("\"BREW\""), None);
        assert_eq!(method("99"), None);
        assert_eq!(View::from_query("2"), Some(View::Full));
        assert_eq!(View::from_query("FULL"), Some(View::Full));
        assert_eq!(View::from_query("x"), None);
    }
}
