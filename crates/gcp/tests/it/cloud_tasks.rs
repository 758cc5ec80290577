//! The job queue on gcp-local, with a receiver that looks at what arrives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avvivo_ports::{Enqueued, Job, JobQueue as _, QueueError, QueueName};
use avvivo_testkit::{Seen, wait_for};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp_local::GcpLocal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::contract::job_queue::{self as contract, job};
use crate::{clients, local};

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Stands for the service behind the queue.
struct Receiver {
    url: String,
    received: Received,
    _serving: JoinSet<()>,
}

impl Receiver {
    async fn start() -> Self {
        let received = Received::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jobs", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/jobs", post(take))
            .with_state(received.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            received,
            _serving: server,
        }
    }

    async fn wait_for(&self, job: &Job) -> (HeaderMap, Bytes) {
        wait_for("the job to arrive", Duration::from_secs(20), async || {
            let received = self.received.lock().unwrap();
            match received.iter().find(|(_, body)| *body == job.payload) {
                Some(request) => Seen::Done(request.clone()),
                None => Seen::NotYet(received.len()),
            }
        })
        .await
    }

    fn count(&self, job: &Job) -> usize {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .filter(|(_, body)| *body == job.payload)
            .count()
    }
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    received.lock().unwrap().push((headers, body));
}

fn job_with(payload: &'static [u8]) -> Job {
    Job {
        payload: Bytes::from_static(payload),
        ..job()
    }
}

fn claims(headers: &HeaderMap) -> Value {
    let header = headers["authorization"].to_str().unwrap();
    let token = header.strip_prefix("Bearer ").unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_job_enqueued_twice_is_delivered_once() {
    let server = local::start().await;
    let receiver = Receiver::start().await;
    let queue = clients::ready_queue(&local::environment(&server), &receiver.url).await;
    let (twice, after) = (job_with(b"twice"), job_with(b"after"));
    assert_eq!(queue.enqueue(&twice).await.unwrap(), Enqueued::Created);
    assert_eq!(queue.enqueue(&twice).await.unwrap(), Enqueued::AlreadyThere);
    receiver.wait_for(&twice).await;
    // The name is remembered when the task is done and gone, too.
    assert_eq!(queue.enqueue(&twice).await.unwrap(), Enqueued::AlreadyThere);
    queue.enqueue(&after).await.unwrap();
    receiver.wait_for(&after).await;
    assert_eq!(receiver.count(&twice), 1);
}

#[tokio::test]
async fn a_delivery_carries_the_payload_the_trace_and_a_token_of_ours() {
    let server = local::start().await;
    let receiver = Receiver::start().await;
    let queue = clients::ready_queue(&local::environment(&server), &receiver.url).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let job = Job {
        traceparent: Some(trace.to_owned()),
        ..job_with(b"\x0a\x03abc")
    };
    queue.enqueue(&job).await.unwrap();
    let (headers, _) = receiver.wait_for(&job).await;
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["traceparent"], trace);
    assert_eq!(headers["x-cloudtasks-queuename"], "reel-render");
    let name = headers["x-cloudtasks-taskname"].to_str().unwrap();
    assert!(!name.contains(&job.name), "{name} tells the job's name");
    let claims = claims(&headers);
    assert_eq!(claims["aud"], "https://processor.internal");
    assert_eq!(claims["email"], "tasks@local.iam.gserviceaccount.com");
    assert_eq!(claims["email_verified"], true);
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let server = local::start().await;
    let receiver = Receiver::start().await;
    let queue = clients::ready_queue(&local::environment(&server), &receiver.url).await;
    let later = Job {
        not_before: Some(server.clock().now() + Duration::from_hours(1)),
        ..job_with(b"later")
    };
    let now = job_with(b"now");
    queue.enqueue(&later).await.unwrap();
    queue.enqueue(&now).await.unwrap();
    receiver.wait_for(&now).await;
    assert_eq!(receiver.count(&later), 0);
    server.clock().advance(Duration::from_hours(1));
    receiver.wait_for(&later).await;
}

const QUEUE: &str = "projects/local/locations/southamerica-east1/queues/reel-render";

/// What the server has under this name.
async fn stored(server: &GcpLocal, name: &str) -> Value {
    let url = format!("{}/v2/{name}", server.url());
    let stored = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&stored).unwrap()
}

#[tokio::test]
async fn the_queue_may_be_ensured_again_and_again_and_takes_new_limits() {
    let server = local::start().await;
    let environment = local::environment(&server);
    for concurrency in [4, 7, 7] {
        let queue = clients::queue_of(&environment, "http://127.0.0.1:9/", concurrency).await;
        queue.ensure_queue(QueueName::ReelRender).await.unwrap();
        let limits = &stored(&server, QUEUE).await["rateLimits"];
        assert_eq!(limits["maxConcurrentDispatches"], concurrency);
    }
    let stored = stored(&server, QUEUE).await;
    assert_eq!(stored["rateLimits"]["maxDispatchesPerSecond"], 10.0);
    assert_eq!(stored["retryConfig"]["maxAttempts"], 20);
    assert_eq!(stored["retryConfig"]["minBackoff"], "10s");
    assert_eq!(stored["retryConfig"]["maxBackoff"], "300s");
    assert_eq!(stored["retryConfig"]["maxDoublings"], 3);
}

#[tokio::test]
async fn a_task_leaves_its_receiver_half_an_hour() {
    let server = local::start().await;
    let queue = clients::ready_queue(&local::environment(&server), "http://127.0.0.1:9/").await;
    let later = Job {
        not_before: Some(server.clock().now() + Duration::from_hours(1)),
        ..job_with(b"later")
    };
    queue.enqueue(&later).await.unwrap();
    let tasks = stored(&server, &format!("{QUEUE}/tasks")).await;
    assert_eq!(tasks["tasks"][0]["dispatchDeadline"], "1800s", "{tasks}");
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_a_matter_of_time() {
    let server = local::start().await;
    let queue = clients::queue(&local::environment(&server), "http://127.0.0.1:9/").await;
    let missing = queue.enqueue(&job()).await;
    assert!(
        matches!(missing, Err(QueueError::Unavailable { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let server = local::start().await;
    let receiver = Receiver::start().await;
    let queue = clients::ready_queue(&local::environment(&server), &receiver.url).await;
    contract::a_job_is_taken_once(&queue).await;
    contract::a_job_that_cannot_fit_is_refused(&queue).await;
}
