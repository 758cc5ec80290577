//! Requests to either api, which may be dead, frozen, or without a database.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Client, Method};
use serde_json::Value;

use super::people::Person;
use crate::support::people::Answer;

/// One that is frozen would keep people waiting for ever.
const LIMIT: Duration = Duration::from_secs(4);

/// Both apis.
pub(super) struct Rest {
    http: Client,
    apis: [String; 2],
}

impl Rest {
    pub(super) fn new(apis: [String; 2]) -> Self {
        Self {
            http: Client::builder().timeout(LIMIT).build().unwrap(),
            apis,
        }
    }

    /// Asks one of them. Nothing, where it did not say what became of it.
    pub(super) async fn ask(
        &self,
        api: usize,
        person: &Person,
        (method, path): (Method, &str),
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Option<Answer> {
        let url = format!("{}{path}", self.apis[api % 2]);
        let mut request = self.http.request(method, url).bearer_auth(&person.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.ok()?;
        let is_definite = !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS;
        is_definite.then(|| Answer {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }
}
