//! A small HTTP/1.1 server, for whoever has to be asked by what is measured.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Answers whatever is asked on a listener, until it is dropped. A question that cannot be answered ends its connection.
pub(crate) async fn serve<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = anyhow::Result<Response<Full<Bytes>>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_one(stream, answer.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_one<F, A>(stream: TcpStream, answer: F)
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = anyhow::Result<Response<Full<Bytes>>>>,
{
    // Without it small answers would wait; where it fails they wait.
    drop(stream.set_nodelay(true));
    let connection =
        http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    // A client that goes away is not news.
    drop(connection.await);
}
