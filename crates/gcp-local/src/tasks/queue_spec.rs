//! What a queue may ask for: limits checked, defaults filled in.

use serde::{Deserialize, Serialize};

use super::resource;
use super::retry::RetryPolicy;
use crate::wire::ApiError;
use crate::wire::json::JsonDuration;

/// Largest `maxDispatchesPerSecond`.
const MAX_PER_SECOND: f64 = 500.0;
/// Largest `maxConcurrentDispatches`.
const MAX_CONCURRENT: u32 = 5_000;

/// A request that breaks a rule; the text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// `INVALID_ARGUMENT`.
    #[error("{0}")]
    Invalid(String),
    /// `UNIMPLEMENTED`: Google can, this server cannot.
    #[error("{0} is not supported by gcp-local")]
    Unsupported(&'static str),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(text) => Self::invalid(text),
            Refusal::Unsupported(_) => Self::unimplemented(refusal.to_string()),
        }
    }
}

pub(super) fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::Invalid(text.into())
}

/// The configuration of a queue, every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueSpec {
    pub(crate) per_second: f64,
    pub(crate) concurrent: u32,
    pub(crate) retry: RetryPolicy,
}

impl Default for QueueSpec {
    fn default() -> Self {
        Self {
            per_second: MAX_PER_SECOND,
            concurrent: 1_000,
            retry: RetryPolicy::default(),
        }
    }
}

/// The fields of a queue that an update names; `None` names all of them.
pub(crate) type FieldMask<'a> = Option<&'a [String]>;

impl QueueSpec {
    /// The configuration a resource asks for.
    pub(crate) fn new(queue: &resource::Queue) -> Result<Self, Refusal> {
        Self::default().updated(queue, None)
    }

    /// This configuration with the masked fields taken from `queue`. A masked field that `queue`
    /// leaves out goes back to its default.
    pub(crate) fn updated(
        &self,
        queue: &resource::Queue,
        mask: FieldMask<'_>,
    ) -> Result<Self, Refusal> {
        if queue.http_target.is_some() {
            return Err(Refusal::Unsupported("Queue.httpTarget"));
        }
        if let Some(unknown) = mask.into_iter().flatten().find(|path| !is_field(path)) {
            return Err(invalid(format!("Invalid field mask path: {unknown}")));
        }
        let named =
            |field: &str| mask.is_none_or(|paths| paths.iter().any(|path| covers(path, field)));
        let default = Self::default();
        let limits = queue.rate_limits.clone().unwrap_or_default();
        let mut spec = self.clone();
        if named("rateLimits.maxDispatchesPerSecond") {
            spec.per_second = per_second(limits.max_dispatches_per_second, default.per_second)?;
        }
        if named("rateLimits.maxConcurrentDispatches") {
            spec.concurrent = concurrent(limits.max_concurrent_dispatches, default.concurrent)?;
        }
        let wanted = overridden(
            &default.retry,
            &queue.retry_config.clone().unwrap_or_default(),
        )?;
        let before = std::mem::replace(&mut spec.retry, wanted);
        let retry = &mut spec.retry;
        if !named("retryConfig.maxAttempts") {
            retry.max_attempts = before.max_attempts;
        }
        if !named("retryConfig.maxRetryDuration") {
            retry.max_retry_duration = before.max_retry_duration;
        }
        if !named("retryConfig.minBackoff") {
            retry.min_backoff = before.min_backoff;
        }
        if !named("retryConfig.maxBackoff") {
            retry.max_backoff = before.max_backoff;
        }
        if !named("retryConfig.maxDoublings") {
            retry.max_doublings = before.max_doublings;
        }
        check_backoff(retry)?;
        Ok(spec)
    }

    /// One second's worth of dispatches: what the bucket holds.
    fn burst(&self) -> u32 {
        // The rate is within 1..=500 here, so the nearest whole number above is found by trying.
        (1..=500)
            .find(|burst| f64::from(*burst) >= self.per_second)
            .unwrap_or(500)
    }

    /// The resource's `rateLimits`.
    pub(crate) fn rate_limits(&self) -> resource::RateLimits {
        resource::RateLimits {
            max_dispatches_per_second: Some(self.per_second),
            max_burst_size: Some(self.burst()),
            max_concurrent_dispatches: i32::try_from(self.concurrent).ok(),
        }
    }

    /// The resource's `retryConfig`.
    pub(crate) fn retry_config(&self) -> resource::RetryConfig {
        let retry = &self.retry;
        resource::RetryConfig {
            max_attempts: Some(
                retry
                    .max_attempts
                    .map_or(-1, |most| i32::try_from(most).unwrap_or(i32::MAX)),
            ),
            max_retry_duration: retry.max_retry_duration.map(JsonDuration),
            min_backoff: Some(JsonDuration(retry.min_backoff)),
            max_backoff: Some(JsonDuration(retry.max_backoff)),
            max_doublings: i32::try_from(retry.max_doublings).ok(),
        }
    }
}

/// Whether a mask path names a field or the message around it.
fn covers(path: &str, field: &str) -> bool {
    field
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The mask paths an update understands; output-only and unsupported fields are accepted and
/// change nothing, as a client that sends a whole queue back expects.
fn is_field(path: &str) -> bool {
    const FIELDS: [&str; 15] = [
        "name",
        "state",
        "purgeTime",
        "stackdriverLoggingConfig",
        "appEngineRoutingOverride",
        "rateLimits",
        "rateLimits.maxDispatchesPerSecond",
        "rateLimits.maxBurstSize",
        "rateLimits.maxConcurrentDispatches",
        "retryConfig",
        "retryConfig.maxAttempts",
        "retryConfig.maxRetryDuration",
        "retryConfig.minBackoff",
        "retryConfig.maxBackoff",
        "retryConfig.maxDoublings",
    ];
    FIELDS.contains(&path)
}

fn per_second(wanted: Option<f64>, default: f64) -> Result<f64, Refusal> {
    match wanted {
        None | Some(0.0) => Ok(default),
        Some(rate) if rate > 0.0 && rate <= MAX_PER_SECOND => Ok(rate),
        Some(_) => Err(invalid(
            "RateLimits.maxDispatchesPerSecond must be between (0, 500]",
        )),
    }
}

fn concurrent(wanted: Option<i32>, default: u32) -> Result<u32, Refusal> {
    match wanted {
        None | Some(0) => Ok(default),
        Some(count) => u32::try_from(count)
            .ok()
            .filter(|count| *count <= MAX_CONCURRENT)
            .ok_or_else(|| invalid("RateLimits.maxConcurrentDispatches must be between [1, 5000]")),
    }
}

/// A policy with the fields a configuration names put over it.
pub(super) fn overridden(
    base: &RetryPolicy,
    config: &resource::RetryConfig,
) -> Result<RetryPolicy, Refusal> {
    let mut policy = base.clone();
    match config.max_attempts {
        None | Some(0) => {}
        Some(-1) => policy.max_attempts = None,
        Some(attempts) => {
            let attempts = u32::try_from(attempts);
            policy.max_attempts =
                Some(attempts.map_err(|_| invalid("RetryConfig.maxAttempts must be at least -1"))?);
        }
    }
    if let Some(JsonDuration(longest)) = config.max_retry_duration {
        policy.max_retry_duration = Some(longest).filter(|longest| !longest.is_zero());
    }
    if let Some(JsonDuration(backoff)) = config.min_backoff {
        policy.min_backoff = backoff;
    }
    if let Some(JsonDuration(backoff)) = config.max_backoff {
        policy.max_backoff = backoff;
    }
    if let Some(doublings) = config.max_doublings {
        policy.max_doublings = u32::try_from(doublings)
            .map_err(|_| invalid("RetryConfig.maxDoublings must not be negative"))?;
    }
    Ok(policy)
}

pub(super) fn check_backoff(policy: &RetryPolicy) -> Result<(), Refusal> {
    if policy.min_backoff > policy.max_backoff {
        return Err(invalid(
            "RetryConfig.minBackoff must not be greater than RetryConfig.maxBackoff",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn queue(value: Value) -> Result<QueueSpec, Refusal> {
        QueueSpec::new(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_queue_that_names_nothing_gets_the_documented_defaults() {
        let spec = queue(json!({})).unwrap();
        assert_eq!(
            json!([spec.rate_limits(), spec.retry_config()]),
            json!([
                {
                    "maxDispatchesPerSecond": 500.0,
                    "maxBurstSize": 500,
                    "maxConcurrentDispatches": 1000,
                },
                {
                    "maxAttempts": 100,
                    "minBackoff": "0.100s",
                    "maxBackoff": "3600s",
                    "maxDoublings": 16,
                },
            ])
        );
    }

    #[test]
    fn a_masked_update_changes_only_what_it_names() {
        let before = queue(
            json!({"rateLimits": {"maxDispatchesPerSecond": 5}, "retryConfig": {"maxAttempts": 3}}),
        );
        let patch =
            serde_json::from_value(json!({"rateLimits": {"maxDispatchesPerSecond": 7}})).unwrap();
        let before = before.unwrap();
        let after = before
            .updated(
                &patch,
                Some(&["rateLimits.maxDispatchesPerSecond".to_owned()]),
            )
            .unwrap();
        assert_eq!(
            after,
            QueueSpec {
                per_second: 7.0,
                ..before.clone()
            }
        );
        let reset = before
            .updated(
                &patch,
                Some(&["rateLimits".to_owned(), "retryConfig".to_owned()]),
            )
            .unwrap();
        assert_eq!(reset.retry, RetryPolicy::default());
        assert!(before.updated(&patch, Some(&["rate".to_owned()])).is_err());
    }

    #[test]
    fn queue_values_outside_the_service_limits_are_refused() {
        for bad in [
            json!({"rateLimits": {"maxDispatchesPerSecond": 501}}),
            json!({"rateLimits": {"maxDispatchesPerSecond": -1}}),
            json!({"rateLimits": {"maxConcurrentDispatches": 5001}}),
            json!({"retryConfig": {"maxAttempts": -2}}),
            json!({"retryConfig": {"maxDoublings": -1}}),
            json!({"retryConfig": {"minBackoff": "10s", "maxBackoff": "9s"}}),
            json!({"httpTarget": {}}),
        ] {
            assert!(queue(bad.clone()).is_err(), "{bad}");
        }
    }
}
