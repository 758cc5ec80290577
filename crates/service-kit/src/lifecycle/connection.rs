//! One HTTP connection, from its first byte to its last.

use std::{
    convert::Infallible,
    io::Cursor,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    Lifecycle,
    door::{Door, Visitor},
};

/// What one client may take.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections open at once; further ones wait in the kernel's backlog.
    pub max_connections: usize,
    /// From connecting to a complete first request head. Whoever says nothing does not keep a place.
    pub first_request: Duration,
    /// From the end of an answer to the next complete request head.
    pub next_request: Duration,
    /// Requests in flight on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            // Twice what one gateway is built for.
            max_connections: 20_000,
            first_request: Duration::from_secs(10),
            // Longer than a reverse proxy keeps its idle connections (60 s is common), so that the proxy closes first
            // and never sends a request into a connection that we are closing.
            next_request: Duration::from_secs(75),
            // A browser opens at most 100.
            max_concurrent_streams: 200,
        }
    }
}

/// Everything that the connections of a listener share.
pub(super) struct Connections {
    lifecycle: Lifecycle,
    router: Router,
    builder: Arc<Builder<TokioExecutor>>,
    limits: ConnectionLimits,
    door: Option<Arc<dyn Door>>,
}

impl Connections {
    pub(super) fn new(
        lifecycle: Lifecycle,
        router: Router,
        limits: ConnectionLimits,
        door: Option<Arc<dyn Door>>,
    ) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.next_request)
            // Room for the largest request head; more would let idle connections pin memory.
            .max_buf_size(64 * 1024);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_header_list_size(64 * 1024)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        Self {
            lifecycle,
            router,
            builder: Arc::new(builder),
            limits,
            door,
        }
    }

    /// Serves one connection in a task of its own, which the lifecycle awaits.
    pub(super) fn spawn(&self, stream: TcpStream, peer: SocketAddr, slot: OwnedSemaphorePermit) {
        let inner = &self.lifecycle.inner;
        let connection = Connection {
            builder: Arc::clone(&self.builder),
            router: self.router.clone(),
            first_request: self.limits.first_request,
            // Tokens of its own: a shared one is a lock that every connection would take at every turn.
            stopping: inner.stopping.child_token(),
            dropped: inner.dropped.child_token(),
            peer,
        };
        let Some(door) = self.door.clone() else {
            inner.tracker.spawn(async move {
                connection.serve(stream).await;
                drop(slot);
            });
            return;
        };
        let visitor = Visitor::new(
            (stream, peer),
            slot,
            self.limits.first_request,
            connection.stopping.clone(),
        );
        inner.tracker.spawn(async move {
            let dropped = connection.dropped.clone();
            let received = dropped.run_until_cancelled(door.receive(visitor)).await;
            if let Some(visitor) = received.flatten() {
                // In a box: nobody who is kept at the door takes the memory of a server's connection.
                Box::pin(connection.resume(visitor)).await;
            }
        });
    }
}

struct Connection {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    first_request: Duration,
    stopping: CancellationToken,
    dropped: CancellationToken,
    peer: SocketAddr,
}

impl Connection {
    /// Serves what somebody at the door has handed on.
    async fn resume(self, visitor: Visitor) {
        let Visitor {
            stream, said, slot, ..
        } = visitor;
        let (reading, writing) = stream.into_split();
        let heard = Cursor::new(said).chain(reading);
        self.serve(tokio::io::join(heard, writing)).await;
        drop(slot);
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self {
            builder,
            router,
            first_request,
            stopping,
            dropped,
            peer,
        } = self;
        let spoken = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&spoken);
        let service = service_fn(move |mut request: Request<Incoming>| {
            heard.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = router.clone().call(request.map(Body::new));
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let patience = tokio::time::sleep(first_request);
        let (stop, drop_now) = (stopping.cancelled(), dropped.cancelled());
        tokio::pin!(connection, patience, stop, drop_now);

        let (mut watching, mut draining) = (true, false);
        loop {
            tokio::select! {
                // The client went away, or both sides are done. What a client breaks is not news.
                end = connection.as_mut() => {
                    if let Err(error) = end {
                        tracing::debug!(%peer, error, "connection ended");
                    }
                    return;
                }
                // A client that sends nothing, or a byte now and then, would hold its place for ever.
                () = patience.as_mut(), if watching => {
                    if !spoken.load(Ordering::Relaxed) {
                        return;
                    }
                    watching = false;
                }
                // Without this a kept-alive connection would outlast the drain.
                () = stop.as_mut(), if !draining => {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                // Without this one slow reader would keep the process until it is killed.
                () = drop_now.as_mut() => return,
            }
        }
    }
}
