//! Resumable uploads: chunks, interruptions, takeovers and ends.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use gcp_local::Config;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_storage::client::Storage;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bench::{Bench, RESOURCE, header, noise};
use crate::support::{anonymous, wait_for};

const QUANTUM: usize = 256 * 1024;

/// Starts a session by hand and gives its address.
async fn session(bench: &Bench, name: &str, query: &str) -> String {
    let query = format!("uploadType=resumable&name={name}{query}");
    let started = bench
        .http
        .post(bench.upload_url(&query))
        .send()
        .await
        .expect("an answer");
    assert_eq!(started.status(), StatusCode::OK);
    header(&started, "location").to_owned()
}

async fn chunk(bench: &Bench, session: &str, range: &str, bytes: Bytes) -> Response {
    let put = bench
        .http
        .put(session)
        .header("content-range", range)
        .body(bytes);
    put.send().await.expect("an answer")
}

/// Sends a part of what it announces, and then nothing more.
fn put_and_hang(
    bench: &Bench,
    session: &str,
    range: &str,
    bytes: Bytes,
) -> impl Future<Output = reqwest::Result<Response>> {
    let part = futures::stream::iter([Ok::<_, Infallible>(bytes)]);
    let body = reqwest::Body::wrap_stream(part.chain(futures::stream::pending()));
    let put = bench.http.put(session).header("content-range", range);
    put.body(body).send()
}

/// Waits until the server has one quantum.
async fn first_quantum(bench: &Bench, session: &str) {
    wait_for("the first quantum", Duration::from_secs(5), async || {
        let range = header(&status(bench, session).await, "range").to_owned();
        if range == "bytes=0-262143" {
            Ok(())
        } else {
            Err(range)
        }
    })
    .await;
}

async fn status(bench: &Bench, session: &str) -> Response {
    chunk(bench, session, "bytes */*", Bytes::new()).await
}

#[tokio::test]
async fn large_uploads_of_the_official_client_are_resumable() {
    let bench = Bench::start().await;
    let bytes = noise(20 * 1024 * 1024 + 17);
    let upload = |name: &'static str| {
        bench
            .storage
            .write_object(RESOURCE, name, bytes.clone())
            .with_resumable_upload_threshold(0_usize)
    };
    let buffered = upload("buffered").with_resumable_upload_buffer_size(4 * 1024 * 1024_usize);
    assert_eq!(
        buffered.send_buffered().await.unwrap().size,
        20 * 1024 * 1024 + 17
    );
    assert_eq!(
        upload("unbuffered").send_unbuffered().await.unwrap().size,
        20 * 1024 * 1024 + 17
    );
    assert!(bench.read("buffered").await == bytes);
    assert!(bench.read("unbuffered").await == bytes);
}

#[tokio::test]
async fn the_official_client_resumes_after_a_broken_connection() {
    let proxy = CuttingProxy::bind().await;
    let config = Config {
        public_url: Some(proxy.url()),
        ..Config::default()
    };
    let bench = Bench::with(config).await;
    bench.create_bucket().await;
    proxy.forward_to(bench.server.addr());
    let client = Storage::builder()
        .with_endpoint(proxy.url())
        .with_credentials(anonymous())
        .with_backoff_policy(
            ExponentialBackoffBuilder::new()
                .with_initial_delay(Duration::from_millis(10))
                .build()
                .unwrap(),
        )
        .build()
        .await
        .unwrap();
    let bytes = noise(6 * 1024 * 1024);
    let upload = client
        .write_object(RESOURCE, "cut", bytes.clone())
        .with_resumable_upload_threshold(0_usize)
        .send_unbuffered()
        .await
        .unwrap();
    assert!(proxy.has_cut(), "the connection was never broken");
    assert_eq!(upload.size, 6 * 1024 * 1024);
    assert!(bench.read("cut").await == bytes);
    proxy.stop().await;
}

#[tokio::test]
async fn chunks_of_a_size_nobody_announced_make_one_object() {
    let bench = Bench::start().await;
    let session = session(&bench, "chunked", "&ifGenerationMatch=0").await;
    assert_eq!(header(&status(&bench, &session).await, "range"), "");

    let first = chunk(&bench, &session, "bytes 0-262143/*", noise(QUANTUM)).await;
    assert_eq!(first.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(header(&first, "range"), "bytes=0-262143");
    let last = chunk(
        &bench,
        &session,
        "bytes 262144-262148/262149",
        Bytes::from("12345"),
    )
    .await;
    assert_eq!(last.status(), StatusCode::OK);
    let made: Value = last.json().await.unwrap();
    assert_eq!(made["size"], "262149");

    let again: Value = status(&bench, &session).await.json().await.unwrap();
    assert_eq!(
        again["generation"], made["generation"],
        "a lost answer can be asked for again"
    );
    assert!(bench.read("chunked").await.ends_with(b"12345"));
}

#[tokio::test]
async fn only_full_quanta_of_an_unfinished_upload_count() {
    let bench = Bench::start().await;
    let session = session(&bench, "odd", "").await;
    let bytes = noise(QUANTUM + 100);
    let odd = chunk(&bench, &session, "bytes 0-262243/*", bytes.clone()).await;
    assert_eq!(header(&odd, "range"), "bytes=0-262143");

    let gap = chunk(
        &bench,
        &session,
        "bytes 262244-262244/262245",
        Bytes::from("x"),
    )
    .await;
    assert_eq!(gap.status(), StatusCode::SERVICE_UNAVAILABLE);

    // What is already there may come again.
    let all = chunk(&bench, &session, "bytes 0-262243/262244", bytes.clone()).await;
    assert_eq!(all.status(), StatusCode::OK);
    assert!(bench.read("odd").await == bytes);
}

#[tokio::test]
async fn an_upload_whose_client_vanished_goes_on_where_it_was() {
    let bench = Bench::start().await;
    let session = session(&bench, "vanished", "").await;
    let bytes = noise(3 * QUANTUM);
    let begun = bytes.slice(..QUANTUM + 9);
    let put = put_and_hang(&bench, &session, "bytes 0-786431/786432", begun);
    tokio::select! {
        _ = put => unreachable!("the body never ends"),
        () = first_quantum(&bench, &session) => {}
    }
    // The request was dropped in the middle: to the server, the connection broke.
    let rest = bytes.slice(QUANTUM..);
    let done = chunk(&bench, &session, "bytes 262144-786431/786432", rest).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert!(bench.read("vanished").await == bytes);
}

#[tokio::test]
async fn a_new_request_takes_over_from_one_that_hangs() {
    let bench = Bench::start().await;
    let session = session(&bench, "hanging", "").await;
    let put = put_and_hang(&bench, &session, "bytes 0-524287/524288", noise(QUANTUM));
    let takeover = async {
        first_quantum(&bench, &session).await;
        chunk(
            &bench,
            &session,
            "bytes 0-524287/524288",
            noise(2 * QUANTUM),
        )
        .await
    };
    let (hung, done) = tokio::join!(put, takeover);
    assert_eq!(done.status(), StatusCode::OK);
    assert!(hung.is_err() || hung.is_ok_and(|answer| !answer.status().is_success()));
    assert!(bench.read("hanging").await == noise(2 * QUANTUM));
}

#[tokio::test]
async fn a_cancelled_session_is_gone_and_leaves_no_object() {
    let bench = Bench::start().await;
    let session = session(&bench, "cancelled", "").await;
    chunk(&bench, &session, "bytes 0-262143/*", noise(QUANTUM)).await;
    let cancelled = bench.http.delete(&session).send().await.unwrap();
    assert_eq!(cancelled.status().as_u16(), 499);
    assert_eq!(
        status(&bench, &session).await.status(),
        StatusCode::NOT_FOUND
    );
    let missing = bench
        .http
        .get(bench.json_url("/o/cancelled"))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_cancellation_after_the_end_keeps_the_object() {
    let bench = Bench::start().await;
    let session = session(&bench, "finished", "").await;
    chunk(&bench, &session, "bytes 0-4/5", Bytes::from("12345")).await;
    bench.http.delete(&session).send().await.unwrap();
    assert_eq!(bench.read("finished").await, b"12345");
}

#[tokio::test]
async fn a_session_lives_a_week() {
    let bench = Bench::start().await;
    let session = session(&bench, "late", "").await;
    bench
        .server
        .clock()
        .advance(Duration::from_mins(7 * 24 * 60 - 1));
    assert_eq!(
        status(&bench, &session).await.status(),
        StatusCode::PERMANENT_REDIRECT
    );
    bench.server.clock().advance(Duration::from_mins(2));
    assert_eq!(status(&bench, &session).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn the_precondition_of_a_session_is_checked_at_its_end() {
    let bench = Bench::start().await;
    let session = session(&bench, "raced", "&ifGenerationMatch=0").await;
    bench.put("raced", "the other was faster").await;
    let late = chunk(&bench, &session, "bytes 0-4/5", Bytes::from("12345")).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(bench.read("raced").await, b"the other was faster");
}

/// Forwards TCP connections, and breaks the first one that has carried three MiB.
struct CuttingProxy {
    address: std::net::SocketAddr,
    target: Arc<std::sync::OnceLock<std::net::SocketAddr>>,
    cut: Arc<AtomicBool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

const CUT_AFTER: usize = 3 * 1024 * 1024;

impl CuttingProxy {
    async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let proxy = Self {
            address: listener.local_addr().expect("an address"),
            target: Arc::default(),
            cut: Arc::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let (target, cut) = (proxy.target.clone(), proxy.cut.clone());
        let (stop, tasks) = (proxy.stop.clone(), proxy.tasks.clone());
        proxy.tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stop.cancelled() => return,
                };
                let (client, _) = accepted.expect("a connection");
                let target = *target.get().expect("a target");
                let (cut, stop) = (cut.clone(), stop.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = carry(client, target, cut) => {}
                        () = stop.cancelled() => {}
                    }
                });
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn forward_to(&self, target: std::net::SocketAddr) {
        self.target.set(target).expect("one target");
    }

    fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Both directions, until either ends or the cut.
async fn carry(client: TcpStream, target: std::net::SocketAddr, cut: Arc<AtomicBool>) {
    let server = TcpStream::connect(target)
        .await
        .expect("the server listens");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let upward = async {
        let mut carried = 0;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_client.read(&mut buffer).await.unwrap_or(0);
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return;
            };
            if to_server.write_all(bytes).await.is_err() {
                return;
            }
            carried += read;
            if carried > CUT_AFTER && !cut.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    };
    tokio::select! {
        () = upward => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}
