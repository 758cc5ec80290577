use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_service_kit::{
    Lifecycle,
    config::{TelemetryConfig, load},
    telemetry::init,
    trace,
};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    trace::v1::Span,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes};

/// A collector that remembers names.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let scopes = resources
            .into_iter()
            .flat_map(|resource| resource.scope_spans);
        self.spans
            .lock()
            .unwrap()
            .extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let resources = request.into_inner().resource_metrics;
        let scopes = resources
            .into_iter()
            .flat_map(|resource| resource.scope_metrics);
        let names = scopes
            .flat_map(|scope| scope.metrics)
            .map(|metric| metric.name);
        self.metrics.lock().unwrap().extend(names);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_reaches_the_collector_before_the_process_ends() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let gzip = CompressionEncoding::Gzip;
    let routes = Routes::new(TraceServiceServer::new(collector.clone()).accept_compressed(gzip))
        .add_service(MetricsServiceServer::new(collector.clone()).accept_compressed(gzip));
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    lifecycle.serve_grpc(listener, routes);

    let environment = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(endpoint.clone()),
        // What this run's own traffic logs is not the test's business.
        "RUST_LOG" => Some("off".to_owned()),
        _ => None,
    };
    let config = load::<TelemetryConfig>(&environment).unwrap().config;
    let telemetry = init("api", &config).unwrap();
    let trace_id = tracing::info_span!("publish reel")
        .in_scope(trace::current_trace_id)
        .unwrap();
    telemetry
        .metrics()
        .meter("test")
        .u64_counter("avvivo.reels.published")
        .build()
        .add(1, &[]);
    telemetry.shutdown(Duration::from_secs(10)).await;

    let spans = collector.spans.lock().unwrap().clone();
    let span = spans
        .iter()
        .find(|span| span.name == "publish reel")
        .unwrap();
    assert_eq!(hex::encode(&span.trace_id), trace_id);
    let metrics = collector.metrics.lock().unwrap().clone();
    assert!(
        metrics.contains(&"avvivo.reels.published".to_owned()),
        "{metrics:?}"
    );
}
