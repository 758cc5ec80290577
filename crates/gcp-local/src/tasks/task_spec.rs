//! What a task may ask for: limits checked, defaults filled in.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::name::TaskId;
use super::queue_spec::{Refusal, check_backoff, invalid, overridden};
use super::resource::{self, HttpRequest, View};
use super::retry::RetryPolicy;
use crate::wire::json::JsonDuration;

/// Largest task: body, headers and URL together.
const MAX_TASK_BYTES: usize = 1 << 20;
/// Longest target URL.
const MAX_URL_BYTES: usize = 2_083;
/// Headers of one task together.
const MAX_HEADER_BYTES: usize = 80 << 10;
/// Farthest `scheduleTime`.
const MAX_AHEAD: Duration = Duration::from_hours(30 * 24);
/// Allowed `dispatchDeadline`.
const DEADLINES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(15)..=Duration::from_mins(30);
/// `dispatchDeadline` of a task that names none.
const DEFAULT_DEADLINE: Duration = Duration::from_mins(10);

/// A task as its caller described it; nothing here changes after creation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskSpec {
    pub(crate) id: TaskId,
    pub(crate) naming: Naming,
    pub(crate) created: DateTime<Utc>,
    pub(crate) request: HttpRequest,
    pub(crate) deadline: Duration,
    pub(crate) retry: Option<resource::RetryConfig>,
    pub(crate) bytes: usize,
}

/// Where a task's id comes from: only a chosen one takes part in deduplication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Naming {
    Chosen,
    Generated,
}

impl TaskSpec {
    /// Checks a task; the second part is when it is due.
    pub(crate) fn new(
        id: TaskId,
        naming: Naming,
        task: resource::Task,
        now: DateTime<Utc>,
    ) -> Result<(Self, DateTime<Utc>), Refusal> {
        if task.app_engine_http_request.is_some() {
            return Err(Refusal::Unsupported("Task.appEngineHttpRequest"));
        }
        let request = task
            .http_request
            .ok_or_else(|| invalid("Task.httpRequest is required"))?;
        let bytes = check_request(&request)?;
        let deadline = task
            .dispatch_deadline
            .map_or(DEFAULT_DEADLINE, |deadline| deadline.0);
        if !DEADLINES.contains(&deadline) {
            return Err(invalid("Task.dispatchDeadline must be between [15s, 30m]"));
        }
        // "Truncated to the nearest microsecond"; a time that has passed means now.
        let due = task.schedule_time.unwrap_or(now).max(now).trunc_subsecs(6);
        if due > now + MAX_AHEAD {
            return Err(invalid(
                "Task.scheduleTime must be at most 30 days in the future",
            ));
        }
        let spec = Self {
            id,
            naming,
            created: now,
            request,
            deadline,
            retry: task.retry_config,
            bytes,
        };
        spec.retry_policy(&RetryPolicy::default())?;
        Ok((spec, due))
    }

    /// The queue's policy with the task's own configuration put over it.
    pub(crate) fn retry_policy(&self, queue: &RetryPolicy) -> Result<RetryPolicy, Refusal> {
        let Some(config) = &self.retry else {
            return Ok(queue.clone());
        };
        let mut policy = overridden(queue, config)?;
        // The two bounds may come from different places; the task's own word counts.
        if config.max_backoff.is_none() {
            policy.max_backoff = policy.max_backoff.max(policy.min_backoff);
        } else if config.min_backoff.is_none() {
            policy.min_backoff = policy.min_backoff.min(policy.max_backoff);
        }
        check_backoff(&policy)?;
        Ok(policy)
    }

    /// The resource as a caller sees it, apart from what changes over the task's life.
    pub(crate) fn resource(&self, name: String, view: View) -> resource::Task {
        let mut request = self.request.clone();
        if view == View::Basic {
            request.body = None;
        }
        resource::Task {
            name,
            http_request: Some(request),
            create_time: Some(self.created.trunc_subsecs(0)),
            dispatch_deadline: Some(JsonDuration(self.deadline)),
            retry_config: self.retry.clone(),
            view: Some(view),
            ..resource::Task::default()
        }
    }
}

/// Checks the target and answers the task's size.
fn check_request(request: &HttpRequest) -> Result<usize, Refusal> {
    if !request.url.starts_with("http://") && !request.url.starts_with("https://") {
        return Err(invalid(
            "HttpRequest.url must begin with \"http://\" or \"https://\"",
        ));
    }
    if request.url.len() > MAX_URL_BYTES {
        return Err(invalid(format!(
            "HttpRequest.url is longer than {MAX_URL_BYTES} characters"
        )));
    }
    if reqwest::Url::parse(&request.url).is_err() {
        return Err(invalid("HttpRequest.url is invalid"));
    }
    let body = request.body.as_ref().map_or(0, |body| body.0.len());
    if body > 0 && !request.http_method.takes_body() {
        return Err(invalid(
            "HttpRequest.body is only allowed for POST, PUT and PATCH requests",
        ));
    }
    for (name, value) in &request.headers {
        if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
            return Err(invalid(format!(
                "HttpRequest.headers has an invalid header: {name:?}"
            )));
        }
    }
    let headers: usize = request
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if headers >= MAX_HEADER_BYTES {
        return Err(invalid("HttpRequest.headers must be smaller than 80KB"));
    }
    if request.oidc_token.is_some() && request.oauth_token.is_some() {
        return Err(invalid(
            "HttpRequest can have only one of oidcToken and oauthToken",
        ));
    }
    let accounts = request
        .oidc_token
        .as_ref()
        .map(|token| &token.service_account_email);
    let accounts = accounts.or(request
        .oauth_token
        .as_ref()
        .map(|token| &token.service_account_email));
    if accounts.is_some_and(|email| !email.contains('@')) {
        return Err(invalid(
            "serviceAccountEmail must be the email of a service account",
        ));
    }
    let bytes = body + headers + request.url.len();
    if bytes > MAX_TASK_BYTES {
        return Err(invalid("Task size too large"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn task(value: Value) -> Result<(TaskSpec, DateTime<Utc>), Refusal> {
        let task = serde_json::from_value(value).unwrap();
        TaskSpec::new(TaskId::parse("t").unwrap(), Naming::Chosen, task, now())
    }

    #[test]
    fn task_values_outside_the_service_limits_are_refused() {
        let request = |extra: Value| {
            let mut request = json!({"url": "http://127.0.0.1/x"});
            request
                .as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            json!({"httpRequest": request})
        };
        assert!(task(request(json!({}))).is_ok());
        let mut deadline = request(json!({}));
        for bad in ["14.999s", "1800.001s"] {
            deadline["dispatchDeadline"] = json!(bad);
            assert!(task(deadline.clone()).is_err(), "{bad}");
        }
        for bad in [
            json!({}),
            json!({"appEngineHttpRequest": {}}),
            request(json!({"url": "ftp://host/x"})),
            request(json!({"url": "http://"})),
            request(json!({"url": format!("http://h/{}", "x".repeat(2_083))})),
            request(json!({"httpMethod": "GET", "body": "YQ=="})),
            request(json!({"headers": {"bad header": "x"}})),
            request(json!({"headers": {"x": "y".repeat(80 << 10)}})),
            request(json!({"oidcToken": {"serviceAccountEmail": ""}})),
        ] {
            assert!(task(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_schedule_in_the_past_means_now_and_a_far_one_is_refused() {
        let at = |offset: i64| {
            let time = now() + chrono::TimeDelta::days(offset);
            task(json!({"httpRequest": {"url": "http://h/"}, "scheduleTime": time}))
        };
        assert_eq!(at(-1).unwrap().1, now());
        assert_eq!(at(29).unwrap().1, now() + chrono::TimeDelta::days(29));
        assert!(at(31).is_err());
    }

    #[test]
    fn a_tasks_own_retry_configuration_goes_over_the_queues() {
        let queue = RetryPolicy {
            max_backoff: Duration::from_secs(2),
            ..RetryPolicy::default()
        };
        let (spec, _) = task(json!({
            "httpRequest": {"url": "http://h/"},
            "retryConfig": {"maxAttempts": 3, "minBackoff": "5s"},
        }))
        .unwrap();
        let policy = spec.retry_policy(&queue).unwrap();
        assert_eq!(policy.max_attempts, Some(3));
        assert_eq!(
            (policy.min_backoff, policy.max_backoff),
            (Duration::from_secs(5), Duration::from_secs(5))
        );
        assert_eq!(policy.max_doublings, queue.max_doublings);
    }
}
