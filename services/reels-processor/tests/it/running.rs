//! A processor in this process, and what it answers.

use avvivo_reels_processor::Processor;
use avvivo_service_kit::Lifecycle;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// A running processor and its life.
pub(crate) struct Running {
    pub(crate) processor: Processor,
    pub(crate) lifecycle: Lifecycle,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn outcome(&self) -> &str {
        self.body["outcome"]
            .as_str()
            .unwrap_or_else(|| panic!("no outcome: {self:?}"))
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {self:?}"))
    }
}

impl Running {
    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self
            .processor
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let retry_after = head.headers.get(header::RETRY_AFTER);
        Answer {
            status: head.status,
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned())),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }
}

/// A task with this token and this body.
pub(crate) fn task(token: Option<&str>, body: Vec<u8>) -> Request<Body> {
    let mut request =
        Request::post("/jobs/reels/render").header(header::CONTENT_TYPE, "application/x-protobuf");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Body::from(body)).unwrap()
}
