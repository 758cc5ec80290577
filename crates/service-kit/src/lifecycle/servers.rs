//! Listeners that live and drain with the service.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use rustix::net::sockopt::set_tcp_nodelay;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tonic::transport::{Server, server::TcpIncoming};
use tonic_health::{ServingStatus, server::health_reporter};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Span;

use super::{
    Lifecycle,
    connection::{ConnectionLimits, Connections},
    door::Door,
};
use crate::{grpc::GrpcServices, trace};

/// Pause after the kernel could not hand over a connection (no file descriptors left): long enough for others to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Lifecycle {
    /// Serves HTTP/1.1 and HTTP/2 without TLS on `listener` until the service stops; then lets open requests finish.
    ///
    /// Handlers find the peer's address as `ConnectInfo<SocketAddr>`.
    pub fn serve(&self, listener: TcpListener, router: Router) {
        self.serve_with(listener, router, ConnectionLimits::default());
    }

    /// [`serve`](Self::serve) with other limits.
    pub fn serve_with(&self, listener: TcpListener, router: Router, limits: ConnectionLimits) {
        self.serve_behind(None, listener, router, limits);
    }

    /// [`serve`](Self::serve) with a door before it.
    pub fn serve_behind(
        &self,
        door: Option<Arc<dyn Door>>,
        listener: TcpListener,
        router: Router,
        limits: ConnectionLimits,
    ) {
        // The service's own layers turn panics into proper answers. This one is the last line: on an HTTP/2 connection
        // a panic would take the neighbours' requests along.
        let router = router.layer(CatchPanicLayer::new());
        let slots = Arc::new(Semaphore::new(limits.max_connections));
        let connections = Connections::new(self.clone(), router, limits, door);
        self.spawn("http", accept(self.clone(), listener, slots, connections));
    }

    /// Serves gRPC on `listener`, with `grpc.health.v1` beside `services`, until the service stops.
    pub fn serve_grpc(&self, listener: TcpListener, services: impl Into<GrpcServices>) {
        let GrpcServices { routes, health } = services.into();
        let stopping = self.stopping().clone();
        self.spawn("grpc", async move {
            let (reporter, health_service) = health_reporter();
            if let Some(health) = &health {
                health.begin(&reporter).await;
            }
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            let server = Server::builder()
                .trace_fn(request_span)
                // Twice the concurrency a gateway needs on its one connection.
                .max_concurrent_streams(1_024)
                .http2_keepalive_interval(Some(Duration::from_secs(30)))
                .http2_keepalive_timeout(Some(Duration::from_secs(10)))
                .add_routes(routes)
                .add_service(health_service);
            let stopped = async move {
                if let Some(health) = &health {
                    health.follow(&reporter, &stopping).await;
                } else {
                    stopping.cancelled().await;
                    reporter
                        .set_service_status("", ServingStatus::NotServing)
                        .await;
                }
            };
            server.serve_with_incoming_shutdown(incoming, stopped).await
        });
    }
}

fn request_span(request: &http::Request<()>) -> Span {
    let span = tracing::info_span!("grpc.request", rpc.method = request.uri().path());
    trace::set_parent_from_headers(&span, request.headers());
    span
}

async fn accept(
    lifecycle: Lifecycle,
    listener: TcpListener,
    slots: Arc<Semaphore>,
    connections: Connections,
) {
    // Small answers and events must not wait for more to send. Connections have it from their listener.
    if let Err(error) = set_tcp_nodelay(&listener, true) {
        tracing::warn!(%error, "small answers will wait for more to send");
    }
    let stopping = lifecycle.stopping().clone();
    while let Some(accepted) = stopping.run_until_cancelled(next(&listener, &slots)).await {
        match accepted {
            Ok((stream, peer, slot)) => connections.spawn(stream, peer, slot),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The next connection, once there is room for one. Without room the rest waits in the kernel's backlog.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, std::net::SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}
