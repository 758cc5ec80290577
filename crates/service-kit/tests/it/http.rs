use std::{net::SocketAddr, sync::Arc, time::Duration};

use avvivo_service_kit::{Lifecycle, lifecycle::ConnectionLimits};
use axum::{Router, extract::ConnectInfo, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::support::{wait_for, within};

struct Service {
    lifecycle: Lifecycle,
    address: SocketAddr,
    release: Arc<Notify>,
    entered: Arc<Notify>,
}

async fn panics() {
    assert_eq!(1, 2, "one request");
}

/// A service with a quick, a slow and a panicking route.
async fn service(limits: ConnectionLimits) -> Service {
    let (release, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, arrived) = (Arc::clone(&release), Arc::clone(&entered));
    let router = Router::new()
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
        .route("/panic", get(panics))
        .route(
            "/slow",
            get(move || async move {
                arrived.notify_one();
                gate.notified().await;
                "finished"
            }),
        );
    let lifecycle = Lifecycle::new(Duration::from_secs(8));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    lifecycle.serve_with(listener, router, limits);
    lifecycle.set_ready();
    Service {
        lifecycle,
        address,
        release,
        entered,
    }
}

async fn send(stream: &mut TcpStream, path: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4_096];
    let read = within("an answer", stream.read(&mut bytes))
        .await
        .unwrap_or(0);
    bytes.truncate(read);
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn handlers_know_their_peer_and_connections_are_reused() {
    let service = service(ConnectionLimits::default()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let local = stream.local_addr().unwrap().to_string();
    for _ in 0..2 {
        send(&mut stream, "/peer").await;
        assert!(answer(&mut stream).await.ends_with(&local));
    }
}

#[tokio::test]
async fn a_panicking_request_is_answered_and_harms_no_neighbour() {
    let service = service(ConnectionLimits::default()).await;
    let mut neighbour = TcpStream::connect(service.address).await.unwrap();
    send(&mut neighbour, "/slow").await;
    within("the slow request", service.entered.notified()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    send(&mut stream, "/panic").await;
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 500"));
    service.release.notify_one();
    assert!(answer(&mut neighbour).await.ends_with("finished"));
    assert!(!service.lifecycle.stopping().is_cancelled());
}

#[tokio::test]
async fn draining_finishes_open_requests_and_takes_no_new_ones() {
    let service = service(ConnectionLimits::default()).await;
    let mut slow = TcpStream::connect(service.address).await.unwrap();
    send(&mut slow, "/slow").await;
    within("the slow request", service.entered.notified()).await;
    let mut idle = TcpStream::connect(service.address).await.unwrap();
    send(&mut idle, "/peer").await;
    answer(&mut idle).await;

    service.lifecycle.stop();
    let lifecycle = service.lifecycle.clone();
    let end = async move { lifecycle.run_until_stopped().await };
    let client = async {
        assert_eq!(answer(&mut idle).await, "", "idle connections are closed");
        wait_for("the listener to close", async || {
            TcpStream::connect(service.address).await.err()
        })
        .await;
        service.release.notify_one();
        let last = answer(&mut slow).await;
        assert!(
            last.ends_with("finished") && last.contains("connection: close"),
            "{last}"
        );
    };
    let (outcome, ()) = within("the drain", async { tokio::join!(end, client) }).await;
    outcome.unwrap();
}

#[tokio::test]
async fn a_client_that_says_nothing_loses_its_place() {
    let limits = ConnectionLimits {
        max_connections: 1,
        first_request: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let service = service(limits).await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    silent.write_all(b"GE").await.unwrap();
    let mut waiting = TcpStream::connect(service.address).await.unwrap();
    send(&mut waiting, "/peer").await;
    assert!(answer(&mut waiting).await.starts_with("HTTP/1.1 200"));
    assert_eq!(answer(&mut silent).await, "");
}
