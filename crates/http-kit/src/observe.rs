//! What is seen of a request from outside: a span, two instruments, one line.
//!
//! The path is logged without its query, and the client's address not at all: both can name a person.

use std::{fmt, time::Instant};

use avvivo_service_kit::{
    Metrics,
    telemetry::{ACCESS, SECONDS_BUCKETS},
    trace,
};
use axum::{body::HttpBody, extract::Request, response::Response};
use http::{HeaderValue, Method, StatusCode, Uri, Version, header::USER_AGENT};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, UpDownCounter},
};
use tracing::{Span, field::Empty};

use crate::RequestId;

/// The instruments of OpenTelemetry's conventions for HTTP servers.
#[derive(Clone)]
pub(crate) struct Observer {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

/// A request being answered. Dropping it (the client went away) still ends its count among the active ones.
pub(crate) struct Observation {
    pub(crate) span: Span,
    began: Instant,
    method: &'static str,
    route: Option<&'static str>,
    request: Line,
    observer: Observer,
}

/// What the line in the log repeats of the request. Copies share the request's bytes.
struct Line {
    uri: Uri,
    user_agent: Option<HeaderValue>,
    protocol: Version,
}

impl Observer {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let meter = metrics.meter("http");
        let duration = meter
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("From the head of a request to the head of its answer.")
            .with_boundaries(SECONDS_BUCKETS.to_vec())
            .build();
        let active = meter
            .i64_up_down_counter("http.server.active_requests")
            .with_unit("{request}")
            .with_description("Requests whose answer has not begun.")
            .build();
        Self { duration, active }
    }

    pub(crate) fn begin(
        &self,
        request: &Request,
        id: RequestId,
        route: Option<&'static str>,
    ) -> Observation {
        let method = method_name(request.method());
        let span = span(method, request.uri().path(), id, route);
        trace::set_parent_from_headers(&span, request.headers());
        self.active
            .add(1, &[KeyValue::new("http.request.method", method)]);
        Observation {
            span,
            began: Instant::now(),
            method,
            route,
            request: Line {
                uri: request.uri().clone(),
                user_agent: request.headers().get(USER_AGENT).cloned(),
                protocol: request.version(),
            },
            observer: self.clone(),
        }
    }
}

fn span(method: &'static str, path: &str, id: RequestId, route: Option<&'static str>) -> Span {
    tracing::info_span!(
        "http",
        otel.name = %Name { method, route },
        otel.kind = "server",
        otel.status_code = Empty,
        request_id = %id,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = path,
    )
}

/// A span's name, put together only where somebody wants it.
struct Name {
    method: &'static str,
    route: Option<&'static str>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.route.unwrap_or("unmatched");
        write!(f, "{} {route}", self.method)
    }
}

impl Observation {
    /// Called inside the span, once the head of the answer is known.
    pub(crate) fn end(self, response: &Response) {
        let status = response.status();
        let elapsed = self.began.elapsed().as_secs_f64();
        self.measure(status, elapsed);
        self.span
            .record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        let path = self.request.uri.path();
        let user_agent = self.request.user_agent.as_ref();
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        // Nested under `httpRequest` these are the fields that Cloud Logging shows as a request.
        tracing::info!(
            target: ACCESS,
            {
                httpRequest.requestMethod = self.method,
                httpRequest.requestUrl = path,
                httpRequest.status = status.as_u16(),
                httpRequest.latency = %format_args!("{elapsed:.6}s"),
                httpRequest.userAgent = user_agent.unwrap_or_default(),
                httpRequest.protocol = ?self.request.protocol,
                httpRequest.responseSize = response.body().size_hint().exact(),
            },
            "{} {path} {}",
            self.method,
            status.as_u16(),
        );
    }

    fn measure(&self, status: StatusCode, seconds: f64) {
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ];
        // Paths that are no route share one series: their number is up to whoever asks.
        attributes.extend(self.route.map(|route| KeyValue::new("http.route", route)));
        if status.is_server_error() {
            attributes.push(KeyValue::new("error.type", i64::from(status.as_u16())));
        }
        self.observer.duration.record(seconds, &attributes);
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.observer
            .active
            .add(-1, &[KeyValue::new("http.request.method", self.method)]);
    }
}

/// The conventions' closed list of methods: anything else would let clients name our series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
