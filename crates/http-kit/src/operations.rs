//! What the platform asks: alive? ready? how much?
//!
//! These routes stand beside the pipeline, not in it: a probe must be answered when identity or the limiter is what
//! fails, and must not fill the log.

use std::sync::Arc;

use avvivo_kernel::ErrorKind;
use avvivo_service_kit::{
    Metrics,
    config::HealthcheckToken,
    health::{HealthRegistry, HealthReport, Importance},
};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Value, json};

use crate::{Problem, Reply, extract::not_found, identity::bearer, secret::is_told};

const X_TOKEN: HeaderName = HeaderName::from_static("x-healthcheck-token");

/// What the operational routes tell, and to whom.
#[derive(Clone)]
pub struct Operations {
    /// The dependencies of the process.
    pub health: Arc<HealthRegistry>,
    /// The metrics of the process.
    pub metrics: Metrics,
    /// With it, `/ready` tells details and `/metrics` answers. Where there is none, `/ready` never tells details, and
    /// `/metrics` is open outside production and does not exist in it.
    pub token: HealthcheckToken,
}

/// `GET /health`, `GET /ready`, `GET /metrics`. Merge it with the pipeline's router.
pub fn router(operations: Operations) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        // As everywhere: a method that a path does not have is as unknown as a path that does not exist.
        .method_not_allowed_fallback(async || not_found())
        .with_state(operations)
}

/// Alive: the process answers. Says nothing about dependencies, so that their failure restarts nobody.
async fn health() -> Response {
    uncached(Reply::ok(json!({ "status": "ok" })))
}

/// Ready: requests are welcome and can be served.
async fn ready(State(operations): State<Operations>, headers: HeaderMap) -> Response {
    let report = operations.health.report().await;
    let details = operations.trusts(&headers).then(|| details(&report));
    if report.ready {
        let mut body = json!({ "status": "ready" });
        if let (Some(body), Some(details)) = (body.as_object_mut(), details) {
            body.insert("dependencies".to_owned(), details);
        }
        return uncached(Reply::ok(body));
    }
    let message = "El servicio no está listo. Intentá de nuevo en unos segundos.";
    let problem = Problem::new(ErrorKind::Unavailable, "service.not_ready", message);
    uncached(match details {
        Some(details) => problem
            .member("accepting", report.accepting)
            .member("dependencies", details),
        None => problem,
    })
}

async fn metrics(State(operations): State<Operations>, headers: HeaderMap) -> Response {
    match &operations.token {
        HealthcheckToken::Missing => return uncached(not_found()),
        HealthcheckToken::Set(_) if !operations.trusts(&headers) => {
            let message = "Falta el token de operación.";
            let problem = Problem::new(ErrorKind::Unauthenticated, "operations.token", message);
            return uncached(problem);
        }
        HealthcheckToken::Set(_) | HealthcheckToken::Unneeded => {}
    }
    let kind = [(
        CONTENT_TYPE,
        HeaderValue::from_static(Metrics::CONTENT_TYPE),
    )];
    uncached((kind, operations.metrics.render()))
}

impl Operations {
    /// Whether the request carries the token, compared in constant time.
    fn trusts(&self, headers: &HeaderMap) -> bool {
        let told = headers.get(X_TOKEN).and_then(|value| value.to_str().ok());
        let told = told.or_else(|| bearer(headers));
        match &self.token {
            HealthcheckToken::Set(token) => is_told(token, told),
            HealthcheckToken::Missing | HealthcheckToken::Unneeded => false,
        }
    }
}

fn details(report: &HealthReport) -> Value {
    let entries = report.dependencies.iter().map(|dependency| {
        json!({
            "name": dependency.name,
            "up": dependency.up,
            "required": dependency.importance == Importance::Required,
            "latencyMs": dependency.latency.as_secs_f64() * 1000.0,
            "code": dependency.code,
        })
    });
    entries.collect()
}

fn uncached(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
