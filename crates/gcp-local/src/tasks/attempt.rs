//! One attempt: the request Cloud Tasks sends, its deadline, and what the answer counts as.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::engine::{Engine, Queue};
use super::name::QueueName;
use super::outcome::Outcome;
use super::queue::{Job, Settlement};
use super::rows;
use crate::issuer::{Issuer, TokenError};

/// How much of an answer's body is read so that its connection can be used again. What a target
/// answers beyond that costs it the connection, nothing else: only the status counts.
const MAX_DRAINED_BYTES: usize = 64 << 10;

/// How long attempts may go on once the server is asked to stop. Those that outlast it are
/// repeated by the next start.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Makes the attempt and settles it.
pub(super) async fn run(engine: Arc<Engine>, queue: Arc<Queue>, job: Job) {
    let (serial, progress) = (job.serial, job.progress.clone());
    // The count of attempts goes to disk while the request is on its way.
    let recording = engine
        .shared
        .store
        .write(move |db| rows::update_task(db, serial, &progress));
    let attempt = async { tokio::join!(recording, send(&engine, &queue.name, &job)) };
    let (recorded, outcome) = tokio::select! {
        ended = attempt => ended,
        () = stopped(&engine) => return,
    };
    if let Err(error) = recorded {
        tracing::warn!(%error, task = %job.spec.id, "an attempt was not counted on disk");
    }
    let now = engine.shared.clock.now();
    let settlement = queue.state().settle(&job, &outcome, now);
    if matches!(settlement, Settlement::GivenUp) {
        let attempts = job.progress.dispatches;
        let last = outcome.rpc_status().message;
        tracing::warn!(queue = %queue.name, task = %job.spec.id, attempts, last, "a task was given up");
    }
    engine.finish(&queue, job, settlement, now).await;
}

async fn stopped(engine: &Engine) {
    engine.shared.stop.cancelled().await;
    tokio::time::sleep(STOP_GRACE).await;
}

async fn send(engine: &Engine, queue: &QueueName, job: &Job) -> Outcome {
    let shared = &engine.shared;
    let headers = match headers(&shared.issuer, queue, job) {
        Ok(headers) => headers,
        Err(error) => return Outcome::Unreachable(error.to_string()),
    };
    let target = &job.spec.request;
    let mut request = shared
        .deliveries
        .request(target.http_method.as_http(), &target.url)
        .headers(headers);
    if let Some(body) = &target.body {
        request = request.body(body.0.clone());
    }
    let deadline = shared.clock.now() + job.spec.deadline;
    let exchange = async {
        match request.send().await {
            Ok(answer) => {
                let outcome = Outcome::of(answer.status(), answer.headers(), shared.clock.now());
                drain(answer).await;
                outcome
            }
            Err(error) => Outcome::Unreachable(reason(&error)),
        }
    };
    tokio::select! {
        outcome = exchange => outcome,
        () = shared.clock.sleep_until(Some(deadline)) => Outcome::DeadlineExceeded,
    }
}

async fn drain(answer: reqwest::Response) {
    let mut body = answer.bytes_stream();
    let mut drained = 0_usize;
    while let Some(Ok(chunk)) = body.next().await {
        drained = drained.saturating_add(chunk.len());
        if drained > MAX_DRAINED_BYTES {
            return;
        }
    }
}

/// The innermost cause says what went wrong; the outer ones repeat the URL.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The caller's headers that Cloud Tasks lets through, then its own.
fn headers(issuer: &Issuer, queue: &QueueName, job: &Job) -> Result<HeaderMap, TokenError> {
    let request = &job.spec.request;
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        // Both were checked when the task was created.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
            && !is_reserved(&name)
        {
            headers.insert(name, value);
        }
    }
    headers.insert(USER_AGENT, HeaderValue::from_static("Google-Cloud-Tasks"));
    let previous = job
        .progress
        .previous_response
        .map(|status| status.to_string());
    let own = [
        ("x-cloudtasks-queuename", Some(queue.id().to_owned())),
        ("x-cloudtasks-taskname", Some(job.spec.id.to_string())),
        (
            "x-cloudtasks-taskretrycount",
            Some(job.progress.dispatches.saturating_sub(1).to_string()),
        ),
        (
            "x-cloudtasks-taskexecutioncount",
            Some(job.progress.responses.to_string()),
        ),
        ("x-cloudtasks-tasketa", Some(unix_seconds(job.eta))),
        ("x-cloudtasks-taskpreviousresponse", previous),
        ("x-cloudtasks-taskretryreason", job.retry_reason.clone()),
    ];
    for (name, value) in own {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let token = match (&request.oidc_token, &request.oauth_token) {
        (Some(oidc), _) => {
            let audience = if oidc.audience.is_empty() {
                &request.url
            } else {
                &oidc.audience
            };
            Some(issuer.google_id_token(&oidc.service_account_email, audience)?)
        }
        (None, Some(_)) => Some(issuer.access_token()),
        (None, None) => None,
    };
    if let Some(value) =
        token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok())
    {
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// Headers a caller cannot set: the connection's, Google's, and those only this service sets.
fn is_reserved(name: &HeaderName) -> bool {
    const EXACT: [&str; 7] = [
        "host",
        "content-length",
        "user-agent",
        "connection",
        "transfer-encoding",
        "upgrade",
        "te",
    ];
    const PREFIXES: [&str; 3] = ["x-google-", "x-appengine-", "x-cloudtasks-"];
    EXACT.contains(&name.as_str())
        || PREFIXES
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
}

fn unix_seconds(time: DateTime<Utc>) -> String {
    format!("{}.{:06}", time.timestamp(), time.timestamp_subsec_micros())
}
