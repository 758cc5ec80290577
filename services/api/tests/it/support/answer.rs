//! Requests as clients write them, and what they are answered.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header, request::Builder};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::send;

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

/// The parts of a form, to be closed.
#[derive(Default)]
pub(crate) struct Parts(Vec<u8>);

impl Parts {
    fn part(mut self, disposition: &str, said: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.0.extend(head.as_bytes());
        self.0.extend(said);
        self.0.extend(b"\r\n");
        self
    }

    pub(crate) fn text(self, name: &str, said: &str) -> Self {
        self.part(&format!("name=\"{name}\""), said.as_bytes())
    }

    /// A file in the part of that name, called so, and of a type that it says itself.
    pub(crate) fn file_in(self, part: &str, (name, kind): (&str, &str), bytes: &[u8]) -> Self {
        let disposition = format!("name=\"{part}\"; filename=\"{name}\"\r\nContent-Type: {kind}");
        self.part(&disposition, bytes)
    }

    pub(crate) fn file(self, called: (&str, &str), bytes: &[u8]) -> Self {
        self.file_in("file", called, bytes)
    }

    pub(crate) fn closed(mut self) -> Vec<u8> {
        self.0.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}

/// A request to be; awaiting it sends it.
pub(crate) struct Ask<'a> {
    router: &'a Router,
    head: Builder,
    body: Body,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(router: &'a Router, method: Method, path: &str) -> Self {
        Self {
            router,
            head: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }

    pub(crate) fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self {
            head: self.head.header(name, value.as_ref()),
            ..self
        }
    }

    /// In somebody's name.
    pub(crate) fn bearer(self, token: impl AsRef<str>) -> Self {
        let value = format!("Bearer {}", token.as_ref());
        self.header(header::AUTHORIZATION.as_str(), value)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// A form, as browsers write it.
    pub(crate) fn form(self, body: impl Into<Body>) -> Self {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let asked = self.header(header::CONTENT_TYPE.as_str(), kind);
        Self {
            body: body.into(),
            ..asked
        }
    }

    /// Anything that claims to be JSON.
    pub(crate) fn text(self, body: impl Into<String>) -> Self {
        let asked = self.header(header::CONTENT_TYPE.as_str(), "application/json");
        Self {
            body: Body::from(body.into()),
            ..asked
        }
    }
}

impl<'a> IntoFuture for Ask<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { send(self.router, self.head.body(self.body).unwrap()).await })
    }
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `200`, or status and code of a problem: `404 reel.not_found`.
    pub(crate) fn word(&self) -> String {
        let status = self.status.as_u16();
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) if status >= 400 => {
                assert_eq!(
                    self.header("content-type"),
                    Some("application/problem+json")
                );
                assert_eq!(body["status"], status, "{body}");
                // Shown to people by every client there is.
                assert!(
                    body["message"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty())
                );
                format!("{status} {}", body["code"].as_str().unwrap())
            }
            _ => status.to_string(),
        }
    }

    /// The ids of a list, in its order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let list = self.ok();
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}
