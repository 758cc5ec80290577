//! ID tokens from a metadata server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avvivo_gcp::{Environment, LocalServer, OidcTokenSource};
use avvivo_testkit::{Seen, wait_for};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::local;

const IDENTITY: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";

#[derive(Default)]
struct Metadata {
    is_ready: AtomicBool,
    asked: AtomicUsize,
}

struct Server {
    metadata: Arc<Metadata>,
    environment: Environment,
    _serving: JoinSet<()>,
}

async fn start() -> Server {
    let metadata = Arc::new(Metadata::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route(IDENTITY, get(identity))
        .with_state(metadata.clone());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server {
        metadata,
        environment: Environment::Local(LocalServer::at(&url, None)),
        _serving: server,
    }
}

async fn identity(
    State(metadata): State<Arc<Metadata>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    assert_eq!(headers["metadata-flavor"], "Google");
    assert_eq!(query["format"], "full");
    metadata.asked.fetch_add(1, Ordering::SeqCst);
    if !metadata.is_ready.load(Ordering::SeqCst) {
        return Err(StatusCode::NOT_FOUND);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({ "aud": query["audience"], "exp": now.as_secs() + 3_600 });
    let part = |value: &str| URL_SAFE_NO_PAD.encode(value);
    Ok(format!(
        "{}.{}.{}",
        part("{}"),
        part(&claims.to_string()),
        part("signature")
    ))
}

#[tokio::test]
async fn many_callers_cost_one_question() {
    let server = start().await;
    server.metadata.is_ready.store(true, Ordering::SeqCst);
    let source = OidcTokenSource::new(server.environment.clone(), "https://api.internal");
    let tokens = join_all((0..50).map(|_| source.token())).await;
    let first = tokens[0].as_ref().unwrap().expose_secret();
    for token in &tokens {
        assert_eq!(token.as_ref().unwrap().expose_secret(), first);
    }
    assert_eq!(server.metadata.asked.load(Ordering::SeqCst), 1);
    assert_eq!(claims(first)["aud"], "https://api.internal");
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_metadata_server_that_was_not_ready_is_asked_again() {
    let server = start().await;
    let source = OidcTokenSource::new(server.environment.clone(), "https://api.internal");
    assert!(source.token().await.is_err());
    server.metadata.is_ready.store(true, Ordering::SeqCst);
    wait_for("a token", Duration::from_secs(15), async || {
        match source.token().await {
            Ok(token) => Seen::Done(token),
            Err(error) => Seen::NotYet(error),
        }
    })
    .await;
    assert!(server.metadata.asked.load(Ordering::SeqCst) <= 3);
}

#[tokio::test]
async fn a_token_says_who_we_are_and_whom_it_is_for() {
    let server = local::start().await;
    let account = "gateway@local.iam.gserviceaccount.com";
    let mut stand_in = LocalServer::at(server.url(), None);
    stand_in.metadata = format!("{}/as/{account}", server.url());
    let source = OidcTokenSource::new(Environment::Local(stand_in), "https://api.internal");
    let token = source.token().await.unwrap();
    let claims = claims(token.expose_secret());
    assert_eq!(claims["email"], account);
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["aud"], "https://api.internal");
}

#[tokio::test]
async fn no_metadata_server_is_an_error_and_not_a_wait() {
    let environment = Environment::Local(LocalServer::at("http://127.0.0.1:9", None));
    let source = OidcTokenSource::new(environment, "https://api.internal");
    let limit = Duration::from_secs(10);
    let answer = tokio::time::timeout(limit, source.token()).await;
    assert!(answer.unwrap().is_err());
}
