//! A subscription as its REST resource: parsed, completed with Google's defaults, checked against
//! Google's bounds, and updated field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filter::Filter;
use super::{name, unsupported};
use crate::wire::ApiError;
use crate::wire::json::JsonDuration;

const DAY: Duration = Duration::from_hours(24);
const DEFAULT_ACK_DEADLINE: u32 = 10;
const ACK_DEADLINES: std::ops::RangeInclusive<u32> = 10..=600;
const DEFAULT_RETENTION: Duration = Duration::from_hours(7 * 24);
const MIN_RETENTION: Duration = Duration::from_mins(10);
const MAX_RETENTION: Duration = Duration::from_hours(31 * 24);
const DEFAULT_TTL: Duration = Duration::from_hours(31 * 24);
const DEFAULT_ATTEMPTS: u32 = 5;
const ATTEMPTS: std::ops::RangeInclusive<u32> = 5..=100;
const DEFAULT_MIN_BACKOFF: Duration = Duration::from_secs(10);
const MAX_BACKOFF: Duration = Duration::from_mins(10);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SubscriptionConfig {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) push_config: PushConfig,
    pub(super) ack_deadline_seconds: u32,
    pub(super) message_retention_duration: Option<JsonDuration>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    pub(super) enable_message_ordering: bool,
    pub(super) expiration_policy: Option<ExpirationPolicy>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) filter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_policy: Option<DeadLetterPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_policy: Option<RetryPolicy>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Empty for a pull subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PushConfig {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) push_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) oidc_token: Option<OidcToken>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OidcToken {
    pub(super) service_account_email: String,
    /// Empty means the endpoint's URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) audience: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ExpirationPolicy {
    /// Without one the subscription never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<JsonDuration>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeadLetterPolicy {
    pub(super) dead_letter_topic: String,
    pub(super) max_delivery_attempts: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RetryPolicy {
    pub(super) minimum_backoff: Option<JsonDuration>,
    pub(super) maximum_backoff: Option<JsonDuration>,
}

impl SubscriptionConfig {
    pub(super) fn parse(mut value: Value, resource: &str) -> Result<Self, ApiError> {
        unsupported::drop_output_only(&mut value);
        let mut config: Self = serde_json::from_value(value)
            .map_err(|error| ApiError::invalid(format!("Invalid subscription: {error}.")))?;
        resource.clone_into(&mut config.name);
        name::check(&config.name, name::Kind::Subscription)?;
        config.complete();
        config.check()?;
        config.other.clear();
        config.push_config.other.clear();
        Ok(config)
    }

    /// This configuration with the fields of `mask` taken from `update`. A field that `update`
    /// lacks goes back to its default.
    pub(super) fn updated(&self, update: &Value, mask: &str) -> Result<Self, ApiError> {
        let mut merged = serde_json::to_value(self)
            .map_err(|error| ApiError::invalid(format!("Invalid subscription: {error}.")))?;
        let paths: Vec<_> = mask
            .split(',')
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .collect();
        if paths.is_empty() {
            return Err(ApiError::invalid(
                "The update_mask must name at least one field.",
            ));
        }
        for path in paths {
            let pointer = updatable(path)?;
            let new = update.pointer(&pointer).cloned().unwrap_or(Value::Null);
            replace(&mut merged, &pointer, new);
        }
        Self::parse(merged, &self.name)
    }

    pub(super) fn filter(&self) -> Result<Option<Filter>, ApiError> {
        Filter::parse(&self.filter)
    }

    pub(super) fn retention(&self) -> Duration {
        self.message_retention_duration
            .map_or(DEFAULT_RETENTION, |retention| retention.0)
    }

    /// How long a subscription that nobody uses is kept; `None` is for ever.
    pub(super) fn ttl(&self) -> Option<Duration> {
        self.expiration_policy
            .as_ref()
            .and_then(|policy| policy.ttl)
            .map(|ttl| ttl.0)
    }

    /// Shortest and longest pause before a redelivery; `None` redelivers at once.
    pub(super) fn backoff(&self) -> Option<(Duration, Duration)> {
        let policy = self.retry_policy.as_ref()?;
        Some((
            policy
                .minimum_backoff
                .map_or(DEFAULT_MIN_BACKOFF, |backoff| backoff.0),
            policy
                .maximum_backoff
                .map_or(MAX_BACKOFF, |backoff| backoff.0),
        ))
    }

    fn complete(&mut self) {
        if self.ack_deadline_seconds == 0 {
            self.ack_deadline_seconds = DEFAULT_ACK_DEADLINE;
        }
        self.message_retention_duration
            .get_or_insert(JsonDuration(DEFAULT_RETENTION));
        self.expiration_policy.get_or_insert(ExpirationPolicy {
            ttl: Some(JsonDuration(DEFAULT_TTL)),
        });
        if let Some(policy) = &mut self.dead_letter_policy
            && policy.max_delivery_attempts == 0
        {
            policy.max_delivery_attempts = DEFAULT_ATTEMPTS;
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        unsupported::refuse(&self.other)?;
        unsupported::refuse(&self.push_config.other)?;
        if !ACK_DEADLINES.contains(&self.ack_deadline_seconds) {
            return Err(ApiError::invalid(
                "ack_deadline_seconds must be from 10 to 600.",
            ));
        }
        if !(MIN_RETENTION..=MAX_RETENTION).contains(&self.retention()) {
            return Err(ApiError::invalid(
                "message_retention_duration must be from 10 minutes to 31 days.",
            ));
        }
        if self.ttl().is_some_and(|ttl| ttl < DAY) {
            return Err(ApiError::invalid(
                "expiration_policy.ttl must be at least 1 day.",
            ));
        }
        if let Some((minimum, maximum)) = self.backoff()
            && (minimum > maximum || maximum > MAX_BACKOFF)
        {
            return Err(ApiError::invalid(
                "retry_policy backoffs must be from 0 to 600 seconds, the minimum first.",
            ));
        }
        if let Some(policy) = &self.dead_letter_policy {
            name::check(&policy.dead_letter_topic, name::Kind::Topic)?;
            if !ATTEMPTS.contains(&policy.max_delivery_attempts) {
                return Err(ApiError::invalid(
                    "max_delivery_attempts must be from 5 to 100.",
                ));
            }
        }
        self.push_config.check()?;
        self.filter().map(drop)
    }
}

impl PushConfig {
    fn check(&self) -> Result<(), ApiError> {
        if self.push_endpoint.is_empty() {
            return Ok(());
        }
        let url = self.push_endpoint.parse::<http::Uri>().ok();
        if url.is_none_or(|url| url.host().is_none() || url.scheme().is_none()) {
            return Err(ApiError::invalid(
                "push_endpoint must be an http or https URL.",
            ));
        }
        if self
            .oidc_token
            .as_ref()
            .is_some_and(|token| token.service_account_email.is_empty())
        {
            return Err(ApiError::invalid(
                "oidc_token needs a service_account_email.",
            ));
        }
        Ok(())
    }
}

/// The JSON pointer of an update mask's path, in either spelling.
fn updatable(path: &str) -> Result<String, ApiError> {
    const UPDATABLE: [&str; 7] = [
        "ackDeadlineSeconds",
        "deadLetterPolicy",
        "expirationPolicy",
        "labels",
        "messageRetentionDuration",
        "pushConfig",
        "retryPolicy",
    ];
    let mut pointer = String::new();
    for (depth, part) in path.split('.').enumerate() {
        let part = camel_case(part);
        if depth == 0 && !UPDATABLE.contains(&part.as_str()) {
            return Err(ApiError::invalid(format!(
                "The field {path} cannot be updated."
            )));
        }
        pointer.push('/');
        pointer.push_str(&part);
    }
    Ok(pointer)
}

fn camel_case(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    let mut upper = false;
    for c in snake.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                camel.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// Sets what `pointer` names, making the objects on the way. `null` removes it.
fn replace(target: &mut Value, pointer: &str, new: Value) {
    let mut parts = pointer.split('/').skip(1).peekable();
    let mut target = target;
    while let Some(part) = parts.next() {
        if !target.is_object() {
            *target = Value::Object(Map::new());
        }
        let Some(fields) = target.as_object_mut() else {
            return;
        };
        if parts.peek().is_none() {
            if new.is_null() {
                fields.remove(part);
            } else {
                fields.insert(part.to_owned(), new);
            }
            return;
        }
        target = fields.entry(part).or_insert(Value::Null);
    }
}

#[cfg(test)]
mod tests;
