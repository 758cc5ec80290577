use std::time::{Duration, Instant};

use avvivo_service_kit::{
    config::{TelemetryConfig, load},
    telemetry::{Metrics, SECONDS_BUCKETS, init},
    trace,
};
use opentelemetry::KeyValue;
use tracing::{level_filters::LevelFilter, subscriber::NoSubscriber};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn config(endpoint: Option<String>) -> TelemetryConfig {
    let environment = move |name: &str| {
        endpoint
            .clone()
            .filter(|_| name == "OTEL_EXPORTER_OTLP_ENDPOINT")
    };
    load::<TelemetryConfig>(&environment).unwrap().config
}

#[test]
fn metrics_render_by_their_conventional_names() {
    let metrics = Metrics::isolated().unwrap();
    let duration = metrics
        .meter("http")
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_boundaries(SECONDS_BUCKETS.to_vec())
        .build();
    duration.record(0.02, &[KeyValue::new("http.route", "/reels")]);
    let text = metrics.render();
    let bucket =
        "http_server_request_duration_seconds_bucket{http_route=\"/reels\",le=\"0.025\"} 1";
    assert!(text.contains(bucket), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_with_a_dead_collector_slows_nothing_and_ends_in_time() {
    // Bound and never accepted: connections hang, which is worse than being refused.
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", dead.local_addr().unwrap());
    let telemetry = init("test", &config(Some(endpoint))).unwrap();

    let began = Instant::now();
    for number in 0..20_000 {
        tracing::info_span!("work", number).in_scope(|| {});
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );

    let traceparent = tracing::info_span!("request")
        .in_scope(trace::inject_current)
        .unwrap();
    let child = tracing::info_span!("job");
    trace::set_parent(&child, &traceparent);
    let same_trace = child.in_scope(trace::current_trace_id).unwrap();
    assert!(traceparent.contains(&same_trace));

    let again = init("another", &config(None)).unwrap();
    assert!(again.metrics().render().contains("avvivo_log_dropped"));

    let began = Instant::now();
    telemetry.shutdown(Duration::from_millis(300)).await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn what_is_not_recorded_is_not_even_asked_about() {
    init("test", &config(None)).unwrap();
    assert_eq!(LevelFilter::current(), LevelFilter::INFO);
}

#[test]
fn without_telemetry_there_is_no_trace_and_no_harm() {
    tracing::subscriber::with_default(NoSubscriber::default(), || {
        let span = tracing::info_span!("job");
        trace::set_parent(&span, TRACEPARENT);
        assert_eq!(span.in_scope(trace::inject_current), None);
    });
}
