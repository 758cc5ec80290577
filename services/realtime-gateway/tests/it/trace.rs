//! One trace, from the write to the delivery.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_service_kit::Lifecycle;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes};

use crate::{
    events::{publish, withdrawn},
    people::CARO,
    world::World,
};

const TRACE: [u8; 16] = [
    0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
];
const WRITE: [u8; 8] = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A collector that remembers spans.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        self.0
            .lock()
            .unwrap()
            .extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_belongs_to_the_trace_of_the_write() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service =
        TraceServiceServer::new(collector.clone()).accept_compressed(CompressionEncoding::Gzip);
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    lifecycle.serve_grpc(listener, Routes::new(service));

    let world = World::start_with(|settings| {
        settings.insert("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    })
    .await;
    let mut stream = world.connect(CARO).await;
    let mut event = withdrawn(1);
    event.traceparent = TRACEPARENT.to_owned();
    publish(&world.bus, &[event]).await;
    stream.next().await;
    world.telemetry.shutdown(Duration::from_secs(10)).await;

    let spans = collector.0.lock().unwrap().clone();
    let delivery = spans
        .iter()
        .find(|span| span.name == "deliver event")
        .unwrap();
    assert_eq!(
        (
            delivery.trace_id.as_slice(),
            delivery.parent_span_id.as_slice()
        ),
        (&TRACE[..], &WRITE[..])
    );
}
