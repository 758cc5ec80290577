//! Access tokens from a metadata server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avvivo_gcp::{AccessTokenSource, Environment, LocalServer};
use avvivo_ports::AccessTokens as _;
use avvivo_testkit::{Seen, wait_for};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::local;

const TOKEN: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// Refuses the first `refusals` questions.
struct Metadata {
    refusals: usize,
    asked: AtomicUsize,
}

async fn token(
    State(metadata): State<Arc<Metadata>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    assert_eq!(headers["metadata-flavor"], "Google");
    assert_eq!(
        query["scopes"],
        "https://www.googleapis.com/auth/identitytoolkit"
    );
    if metadata.asked.fetch_add(1, Ordering::SeqCst) < metadata.refusals {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Json(
        json!({ "access_token": "ya29.one", "expires_in": 3_600, "token_type": "Bearer" }),
    ))
}

async fn start(refusals: usize) -> (Arc<Metadata>, AccessTokenSource, JoinSet<()>) {
    let metadata = Arc::new(Metadata {
        refusals,
        asked: AtomicUsize::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route(TOKEN, get(token))
        .with_state(Arc::clone(&metadata));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let environment = Environment::Local(LocalServer::at(&url, None));
    let source = AccessTokenSource::identity_toolkit(environment);
    (metadata, source, server)
}

#[tokio::test]
async fn many_callers_cost_one_question() {
    let (metadata, source, _server) = start(0).await;
    for token in join_all((0..50).map(|_| source.access_token())).await {
        assert_eq!(token.unwrap().expose_secret(), "ya29.one");
    }
    assert_eq!(metadata.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_metadata_server_that_was_not_ready_is_asked_again() {
    let (_metadata, source, _server) = start(1).await;
    assert!(source.access_token().await.is_err());
    wait_for("a token", Duration::from_secs(15), async || {
        match source.access_token().await {
            Ok(token) => Seen::Done(token),
            Err(error) => Seen::NotYet(error),
        }
    })
    .await;
}

#[tokio::test]
async fn the_stand_in_gives_tokens() {
    let server = local::start().await;
    let environment = Environment::Local(LocalServer::at(server.url(), None));
    let source = AccessTokenSource::identity_toolkit(environment);
    let token = source.access_token().await.unwrap();
    assert!(token.expose_secret().starts_with("ya29."));
}

#[tokio::test]
async fn no_metadata_server_is_an_error_and_not_a_wait() {
    let environment = Environment::Local(LocalServer::at("http://127.0.0.1:9", None));
    let source = AccessTokenSource::identity_toolkit(environment);
    let answer = tokio::time::timeout(Duration::from_secs(10), source.access_token()).await;
    assert!(answer.unwrap().is_err());
}
