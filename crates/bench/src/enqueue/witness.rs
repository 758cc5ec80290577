//! A small HTTP server that notes when what arrives: tasks, which it answers with 200, and calls to Cloud Tasks, which it
//! passes on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::Context as _;
use avvivo_contracts::jobs::v1::RenderReel;
use avvivo_kernel::{Clock as _, SystemClock};
use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use prost::Message as _;
use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use crate::endpoint;

/// Where tasks go. Everything else is passed on.
const TASKS: &str = "/jobs";
/// The task's id, in a header that Cloud Tasks sets.
const TASK_NAME: &str = "x-cloudtasks-taskname";
/// More tasks than any benchmark creates before it looks.
const ARRIVALS: usize = 10_000;

/// A task that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Its id.
    pub(crate) task: String,
    /// The reel that its body names.
    pub(crate) reel: Option<String>,
    pub(crate) at: Instant,
    /// The same, in microseconds since 1970.
    pub(crate) micros: i64,
}

/// A task being created.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its id.
    pub(crate) task: String,
    /// When the call came, in microseconds since 1970.
    pub(crate) began: i64,
    /// When the answer was there.
    pub(crate) answered: i64,
}

/// The tasks that arrive, in their order.
pub(crate) trait Arrivals {
    /// Waits for so many of them.
    async fn take(&mut self, count: usize) -> anyhow::Result<Vec<Arrival>>;
}

impl Arrivals for mpsc::Receiver<Arrival> {
    async fn take(&mut self, count: usize) -> anyhow::Result<Vec<Arrival>> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            taken.push(self.recv().await.context("the witness ended")?);
        }
        Ok(taken)
    }
}

/// The calls that were passed on. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    pub(crate) fn all(&self) -> Vec<Call> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn note(&self, call: Call) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
    }
}

/// The server. It ends when this is dropped.
pub(crate) struct Witness {
    port: u16,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) calls: Calls,
    _server: JoinSet<()>,
}

impl Witness {
    /// Listens on a free port. What is no task is passed on to `behind`.
    pub(crate) async fn start(behind: Option<String>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (tasks, arrivals) = mpsc::channel(ARRIVALS);
        let calls = Calls::default();
        let desk = Desk {
            tasks,
            calls: calls.clone(),
            http: Client::new(),
            behind,
        };
        let mut server = JoinSet::new();
        server.spawn(endpoint::serve(listener, move |request| {
            let desk = desk.clone();
            async move { desk.answer(request).await }
        }));
        Ok(Self {
            port,
            arrivals,
            calls,
            _server: server,
        })
    }

    /// Scheme and authority.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

#[derive(Clone)]
struct Desk {
    tasks: mpsc::Sender<Arrival>,
    calls: Calls,
    http: Client,
    behind: Option<String>,
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (at, micros) = (Instant::now(), SystemClock.now().timestamp_micros());
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        if !parts.uri.path().starts_with(TASKS) {
            let creates = parts.method == Method::POST && parts.uri.path().ends_with("/tasks");
            let answer = self.pass_on(&parts, body.clone()).await?;
            if creates && answer.status().is_success() {
                self.calls.note(Call {
                    task: task_id(&body).context("a task without a name")?,
                    began: micros,
                    answered: SystemClock.now().timestamp_micros(),
                });
            }
            return Ok(answer);
        }
        let name = parts
            .headers
            .get(TASK_NAME)
            .context("a task without a name")?;
        let arrival = Arrival {
            task: name.to_str()?.to_owned(),
            reel: RenderReel::decode(body).ok().map(|job| job.reel_id),
            at,
            micros,
        };
        self.tasks.send(arrival).await?;
        Ok(Response::new(Full::default()))
    }

    async fn pass_on(
        &self,
        parts: &http::request::Parts,
        body: Bytes,
    ) -> anyhow::Result<Response<Full<Bytes>>> {
        let Some(behind) = &self.behind else {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        };
        let request = self
            .http
            .request(parts.method.clone(), format!("{behind}{}", parts.uri));
        let request = request.headers(forwarded(&parts.headers)).body(body);
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), forwarded(answer.headers()));
        let mut response = Response::new(Full::new(answer.bytes().await?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Headers without those that belong to one connection.
fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for own in [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING] {
        headers.remove(own);
    }
    headers
}

/// The id of the task that a call to Cloud Tasks creates.
fn task_id(body: &[u8]) -> Option<String> {
    let call: Value = serde_json::from_slice(body).ok()?;
    let name = call.pointer("/task/name")?.as_str()?;
    Some(name.rsplit_once('/')?.1.to_owned())
}
