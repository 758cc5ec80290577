//! Resend's `POST /emails`: keys, required fields and the alphabet of tags.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use super::Server;

pub(crate) const KEY: &str = "re_test_key";

type Taken = Arc<Mutex<HashMap<String, (String, Value)>>>;

pub(crate) struct FakeResend {
    pub(crate) server: Server,
    taken: Taken,
}

impl FakeResend {
    pub(crate) async fn start() -> Self {
        let taken = Taken::default();
        let app = Router::new()
            .route("/emails", post(send))
            .with_state(Arc::clone(&taken));
        Self {
            server: Server::of(app).await,
            taken,
        }
    }

    /// The bodies of the mails it took.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let taken = self.taken.lock().unwrap();
        taken.values().map(|(_, mail)| mail.clone()).collect()
    }
}

fn problem(status: u16, name: &str, message: &str) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        Json(json!({ "statusCode": status, "name": name, "message": message })),
    )
        .into_response()
}

fn is_tag(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=256).contains(&text.len()) && text.chars().all(fits)
}

fn complaint(mail: &Value) -> Option<Response> {
    for field in ["from", "to", "subject"] {
        if mail[field].is_null() {
            return Some(problem(422, "missing_required_field", field));
        }
    }
    let to = mail["to"][0].as_str().unwrap_or_default();
    if !to.contains('@') {
        return Some(problem(
            422,
            "validation_error",
            &format!("Invalid `to` field: {to}"),
        ));
    }
    let tags = mail["tags"].as_array().cloned().unwrap_or_default();
    let fit = |tag: &Value| {
        is_tag(tag["name"].as_str().unwrap()) && is_tag(tag["value"].as_str().unwrap())
    };
    (!tags.iter().all(fit)).then(|| problem(422, "validation_error", "tags"))
}

async fn send(State(taken): State<Taken>, headers: HeaderMap, Json(mail): Json<Value>) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    if header("authorization") != Some(&format!("Bearer {KEY}")) {
        return problem(403, "invalid_api_key", "API key is invalid");
    }
    if header("user-agent").is_none() {
        return problem(403, "forbidden", "a user agent is needed");
    }
    if let Some(complaint) = complaint(&mail) {
        return complaint;
    }
    let mut taken = taken.lock().unwrap();
    let fresh = format!("49a3999c-0ce1-4ea6-ab68-{:012}", taken.len());
    let key = header("idempotency-key").map_or_else(|| fresh.clone(), str::to_owned);
    if key.is_empty() || key.len() > 256 {
        return problem(
            400,
            "invalid_idempotency_key",
            "between 1 and 256 characters",
        );
    }
    let (id, first) = taken.entry(key).or_insert((fresh, mail.clone()));
    if *first != mail {
        return problem(409, "invalid_idempotent_request", "another payload");
    }
    Json(json!({ "id": id })).into_response()
}
