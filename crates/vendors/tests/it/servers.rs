//! Vendors on real sockets, which a test can tell to fail.

pub(crate) mod identity_toolkit;
pub(crate) mod nominatim;
pub(crate) mod resend;

use std::{
    collections::VecDeque,
    future::{IntoFuture, pending},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// Long enough for a busy machine, short enough to wait for.
pub(crate) const SHORT_LIMIT: Duration = Duration::from_secs(1);

/// What a vendor does instead of its work.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Answers this.
    Says(u16, &'static [(&'static str, &'static str)], String),
    /// Takes the request and says nothing.
    Silence,
    /// Answers without end.
    Babble,
}

impl Fault {
    pub(crate) fn status(status: u16) -> Self {
        Self::Says(status, &[], String::new())
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Says(status, &[], body.to_string())
    }
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

#[derive(Default)]
struct Script {
    faults: VecDeque<Fault>,
    heard: Vec<Heard>,
}

/// A server that lives as long as this.
pub(crate) struct Server {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    _running: JoinSet<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn of(vendor: Router) -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let app = vendor.layer(from_fn_with_state(Arc::clone(&script), follow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, app).into_future());
        Self {
            url,
            script,
            _running: server,
        }
    }

    /// Has the next requests met by these faults, one each.
    pub(crate) fn fails_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap().faults.extend(faults);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.script.lock().unwrap().heard.clone()
    }
}

/// The address of a server that is gone.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn follow(
    State(script): State<Arc<Mutex<Script>>>,
    request: Request,
    next: Next,
) -> Response {
    let fault = {
        let mut script = script.lock().unwrap();
        script.heard.push(Heard {
            uri: request.uri().to_string(),
            headers: request.headers().clone(),
        });
        script.faults.pop_front()
    };
    match fault {
        None => next.run(request).await,
        Some(Fault::Says(status, headers, body)) => {
            let mut response = (
                axum::http::StatusCode::from_u16(status).unwrap(),
                [("content-type", "application/json")],
                body,
            )
                .into_response();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        }
        Some(Fault::Silence) => pending().await,
        Some(Fault::Babble) => {
            let chunk = || Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]);
            axum::body::Body::from_stream(futures::stream::repeat_with(chunk)).into_response()
        }
    }
}
