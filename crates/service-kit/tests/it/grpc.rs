use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use avvivo_kernel::ErrorKind;
use avvivo_service_kit::{
    Lifecycle,
    config::{TelemetryConfig, load},
    grpc::{ChannelLimits, GrpcServices, channel, error_kind},
    health::{HealthRegistry, Importance},
    telemetry::init,
    trace,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, trace_service_client::TraceServiceClient,
};
use tokio::{net::TcpListener, sync::mpsc};
use tonic::service::Routes;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tracing::Instrument;

use crate::support::within;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn a_server_answers_health_and_drains() {
    let lifecycle = Lifecycle::new(Duration::from_secs(8));
    let (listener, address) = listener().await;
    lifecycle.serve_grpc(listener, Routes::default());
    let channel = channel(&format!("http://{address}"), ChannelLimits::default()).unwrap();
    let mut client = HealthClient::new(channel);
    let status = within("health", client.check(HealthCheckRequest::default()))
        .await
        .unwrap();
    assert_eq!(status.into_inner().status(), ServingStatus::Serving);

    lifecycle.stop();
    within("the drain", lifecycle.run_until_stopped())
        .await
        .unwrap();
    let status = within("a refusal", client.check(HealthCheckRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(error_kind(&status), ErrorKind::Unavailable);
}

#[tokio::test]
async fn named_services_are_as_well_as_what_they_depend_on() {
    let lifecycle = Lifecycle::new(Duration::from_secs(8));
    let up = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&up);
    let registry = HealthRegistry::new(lifecycle.readiness()).with(
        "postgres",
        Importance::Required,
        Duration::from_secs(1),
        move || {
            let up = seen.load(Ordering::SeqCst);
            async move {
                if up {
                    Ok(())
                } else {
                    Err("postgres.unavailable".into())
                }
            }
        },
    );
    lifecycle.set_ready();
    let (listener, address) = listener().await;
    let services = GrpcServices::from(Routes::default());
    lifecycle.serve_grpc(
        listener,
        services.reporting(&["shops.v1.Shops"], Arc::new(registry)),
    );
    let channel = channel(&format!("http://{address}"), ChannelLimits::default()).unwrap();
    let mut client = HealthClient::new(channel);
    let mut watched = Vec::new();
    for name in ["", "shops.v1.Shops"] {
        let asked = HealthCheckRequest {
            service: name.to_owned(),
        };
        let told = within("the watch", client.watch(asked)).await.unwrap();
        watched.push(told.into_inner());
    }
    for wanted in [ServingStatus::NotServing, ServingStatus::Serving] {
        for told in &mut watched {
            let word = within("a word", told.message()).await.unwrap().unwrap();
            assert_eq!(word.status(), wanted);
        }
        up.store(true, Ordering::SeqCst);
    }
    let unknown = HealthCheckRequest {
        service: "nothing".to_owned(),
    };
    let status = within("a refusal", client.check(unknown))
        .await
        .unwrap_err();
    assert_eq!(error_kind(&status), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_the_limit_and_no_more() {
    let (listener, address) = listener().await;
    let limits = ChannelLimits {
        call: Duration::from_millis(100),
        ..ChannelLimits::default()
    };
    let channel = channel(&format!("http://{address}"), limits).unwrap();
    let mut client = HealthClient::new(channel);
    let status = within("the limit", client.check(HealthCheckRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(error_kind(&status), ErrorKind::Timeout);
    drop(listener);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    assert!(channel("not an address", ChannelLimits::default()).is_err());
}

#[tokio::test]
async fn a_trace_goes_on_at_the_other_side() {
    let config = load::<TelemetryConfig>(&|_: &str| None).unwrap().config;
    init("test", &config).unwrap();
    let (seen, mut ids) = mpsc::channel(1);
    let handler = move || {
        let seen = seen.clone();
        async move { seen.send(trace::current_trace_id()).await.unwrap() }
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(8));
    let (listener, address) = listener().await;
    lifecycle.serve_grpc(
        listener,
        Routes::from(axum::Router::new().fallback(handler)),
    );

    let channel = channel(&format!("http://{address}"), ChannelLimits::default()).unwrap();
    let span = tracing::info_span!("request");
    let sent = span.in_scope(trace::current_trace_id);
    let call = async move {
        // The handler answers no gRPC; what it saw is the point.
        drop(
            TraceServiceClient::new(channel)
                .export(ExportTraceServiceRequest::default())
                .await,
        );
    };
    within("the call", call.instrument(span)).await;
    assert!(sent.is_some());
    assert_eq!(ids.recv().await.unwrap(), sent);
}
