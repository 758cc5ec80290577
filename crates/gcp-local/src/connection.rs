//! Accepting connections, and telling one that was closed from a stream that ended. A consumer that
//! closes a stream may still acknowledge what it got; one whose connection is gone has died.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Part of every request, by way of `ConnectInfo`. The connection and its requests in progress
/// share the guard; with the last of them the token is cancelled.
#[derive(Clone)]
pub(crate) struct Connection {
    closed: CancellationToken,
    _open: Arc<DropGuard>,
}

impl Connection {
    /// Cancelled when the connection is closed. Holding it does not keep it open.
    pub(crate) fn into_closed(self) -> CancellationToken {
        self.closed
    }
}

impl Connected<IncomingStream<'_, Undelayed>> for Connection {
    fn connect_info(_: IncomingStream<'_, Undelayed>) -> Self {
        let closed = CancellationToken::new();
        Self {
            _open: Arc::new(closed.clone().drop_guard()),
            closed,
        }
    }
}

/// A listener whose connections do without Nagle's algorithm, which together with delayed
/// acknowledgements costs 40 ms a message.
pub(crate) struct Undelayed(pub(crate) TcpListener);

impl Listener for Undelayed {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, addr) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        (stream, addr)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
