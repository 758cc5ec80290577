//! An HTTP server that tasks are pushed to: it records what arrives and answers as told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::wait_for;

/// How long anything that is due may take to arrive.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `X-CloudTasks-…` counters.
    pub(crate) fn count(&self, name: &str) -> u32 {
        let value = self.header(name).and_then(|value| value.parse().ok());
        value.expect("the header is a number")
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    RetryAfter(u16, u32),
    /// 200, once [`Target::release`] lets it.
    Held,
}

type Script = dyn Fn(&Call) -> Reply + Send + Sync;

struct Shared {
    calls: Mutex<Vec<Call>>,
    script: Box<Script>,
    releases: Semaphore,
}

/// A running target.
pub(crate) struct Target {
    pub(crate) url: String,
    shared: Arc<Shared>,
    /// Ends with the target.
    _server: JoinSet<()>,
}

impl Target {
    /// Answers every call with what the script says.
    pub(crate) async fn start(script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            calls: Mutex::default(),
            script: Box::new(script),
            releases: Semaphore::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!(
            "http://{}/work",
            listener.local_addr().expect("its address")
        );
        let router = Router::new()
            .fallback(record)
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self {
            url,
            shared,
            _server: server,
        }
    }

    /// Answers everything with 200.
    pub(crate) async fn willing() -> Self {
        Self::start(|_| Reply::Status(200)).await
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared
            .calls
            .lock()
            .expect("no test panics here")
            .clone()
    }

    /// Waits until exactly that many calls have arrived.
    pub(crate) async fn arrived(&self, count: usize) -> Vec<Call> {
        let probe = async || {
            let calls = self.calls();
            if calls.len() == count {
                Ok(calls)
            } else {
                Err(calls.len())
            }
        };
        wait_for(&format!("{count} calls"), SOON, probe).await
    }

    /// Lets so many held answers go.
    pub(crate) fn release(&self, answers: usize) {
        self.shared.releases.add_permits(answers);
    }
}

async fn record(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 2 << 20)
        .await
        .unwrap_or_default();
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body,
        at: Instant::now(),
    };
    let reply = (shared.script)(&call);
    shared.calls.lock().expect("no test panics here").push(call);
    let status = |code| StatusCode::from_u16(code).expect("a status");
    match reply {
        Reply::Status(code) => status(code).into_response(),
        Reply::RetryAfter(code, seconds) => {
            (status(code), [("retry-after", seconds.to_string())]).into_response()
        }
        Reply::Held => {
            shared
                .releases
                .acquire()
                .await
                .expect("never closed")
                .forget();
            StatusCode::OK.into_response()
        }
    }
}
