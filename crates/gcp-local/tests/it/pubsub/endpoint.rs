//! A service that messages are pushed to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::site::LIMIT;

type Push = (HeaderMap, Value);

pub(super) struct Endpoint {
    pub(super) url: String,
    pushes: mpsc::Receiver<Push>,
    /// Stops when the endpoint is dropped.
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
    pushes: mpsc::Sender<Push>,
}

impl Endpoint {
    /// Gives `answers` in turn, and 200 from then on.
    pub(super) async fn start(answers: impl IntoIterator<Item = StatusCode>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/push", listener.local_addr().expect("an address"));
        let (sender, pushes) = mpsc::channel(1000);
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let script = Script {
            answers,
            pushes: sender,
        };
        let router = Router::new()
            .route("/push", post(receive))
            .with_state(script);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the endpoint serves");
        });
        Self {
            url,
            pushes,
            _serving: serving,
        }
    }

    pub(super) async fn next(&mut self) -> Push {
        let next = tokio::time::timeout(LIMIT, self.pushes.recv()).await;
        next.expect("a push comes in time")
            .expect("the endpoint runs")
    }
}

async fn receive(
    State(script): State<Script>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> StatusCode {
    let answer = script
        .answers
        .lock()
        .expect("nobody panics here")
        .pop_front();
    script
        .pushes
        .send((headers, body))
        .await
        .expect("the test listens");
    answer.unwrap_or(StatusCode::OK)
}
