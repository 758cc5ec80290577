//! A collector of telemetry: it keeps the spans that every process sends, and takes metrics for nothing.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_service_kit::Lifecycle;
use avvivo_testkit::{Seen, wait_for};
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
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes};

use super::PATIENCE;

/// A span, and which service sent it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) service: String,
    pub(crate) span: Span,
}

impl Sent {
    /// An attribute's text, or its number as text.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        attribute(&self.span.attributes, name)
    }
}

/// What was collected.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Sent>>>);

/// A collector that listens.
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Spans,
    lifecycle: Lifecycle,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Spans::default();
        let traces = TraceServiceServer::new(spans.clone());
        let metrics = MetricsServiceServer::new(Metrics);
        let services = Routes::new(traces.accept_compressed(CompressionEncoding::Gzip))
            .add_service(metrics.accept_compressed(CompressionEncoding::Gzip));
        let lifecycle = Lifecycle::new(Duration::from_secs(1));
        lifecycle.serve_grpc(listener, services);
        Self {
            url,
            spans,
            lifecycle,
        }
    }

    /// The spans of a trace, as soon as they are `complete`. They are sent every few seconds.
    pub(crate) async fn trace(&self, id: &str, complete: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
        wait_for("the spans of the trace", PATIENCE, async || {
            let all = self.spans.0.lock().unwrap().clone();
            let spans: Vec<Sent> = all
                .into_iter()
                .filter(|sent| hex::encode(&sent.span.trace_id) == id)
                .collect();
            if complete(&spans) {
                return Seen::Done(spans);
            }
            let named = spans.into_iter().map(|sent| (sent.service, sent.span.name));
            Seen::NotYet(named.collect::<Vec<_>>())
        })
        .await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.unwrap_or_default().attributes;
            let service = attribute(&attributes, "service.name").unwrap_or_default();
            let spans = resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| Sent {
                service: service.clone(),
                span,
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

struct Metrics;

#[tonic::async_trait]
impl MetricsService for Metrics {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}
