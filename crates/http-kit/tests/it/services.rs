//! Routes that only services may call.

use std::{future::IntoFuture, sync::Arc};

use avvivo_http_kit::{Oidc, OidcGuard, Reply};
use avvivo_kernel::{Clock, SystemClock};
use avvivo_tokens::{KeyCache, OidcPolicy, OidcVerifier};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa,
};
use axum::{
    Router,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;

use crate::app::{Answer, answer, request};

#[derive(Clone)]
struct Verifiers {
    tasks: OidcVerifier,
    cron: OidcVerifier,
}

#[derive(Debug)]
struct Tasks;
#[derive(Debug)]
struct Cron;

impl OidcGuard<Verifiers> for Tasks {
    fn verifier(state: &Verifiers) -> &OidcVerifier {
        &state.tasks
    }
}

impl OidcGuard<Verifiers> for Cron {
    fn verifier(state: &Verifiers) -> &OidcVerifier {
        &state.cron
    }
}

fn service(keys_url: String) -> Router {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(KeyCache::new(keys_url, Arc::clone(&clock)).unwrap());
    let verifier = |email: &str| {
        let policy = OidcPolicy {
            audiences: ["https://reels".to_owned()].into(),
            callers: [email.to_owned()].into(),
        };
        OidcVerifier::new(policy, Arc::clone(&keys), Arc::clone(&clock))
    };
    let verifiers = Verifiers {
        tasks: verifier("tasks@p"),
        cron: verifier("cron@p"),
    };
    Router::new()
        .route(
            "/render",
            post(async |oidc: Oidc<Tasks>| Reply::ok(oidc.caller.email)),
        )
        .route(
            "/sweep",
            post(async |oidc: Oidc<Cron>| Reply::ok(oidc.caller.email)),
        )
        .with_state(verifiers)
}

async fn call(service: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let response = service
        .clone()
        .oneshot(request(Method::POST, path, headers, ""))
        .await;
    answer(response.unwrap()).await
}

fn signing_key() -> EncodingKey {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let body = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_service_reaches_the_routes_of_its_group_and_no_others() {
    let key = signing_key();
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    jwk.common.key_id = Some("k".to_owned());
    let set = json!({ "keys": [jwk] }).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let issuer = Router::new().route("/keys", get(async move || set.clone()));
    let mut server = JoinSet::new();
    server.spawn(axum::serve(listener, issuer).into_future());

    let now = SystemClock.now().timestamp();
    let claims = json!({ "iss": "https://accounts.google.com", "aud": "https://reels", "sub": "1",
        "iat": now, "exp": now + 600, "email": "tasks@p", "email_verified": true });
    let header = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let bearer = format!("Bearer {}", encode(&header, &claims, &key).unwrap());

    let service = service(url);
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(call(&service, "/render", &headers).await.json(), "tasks@p");
    let wrong = call(&service, "/sweep", &headers).await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (StatusCode::FORBIDDEN, "token.caller_not_allowed")
    );
}

#[tokio::test]
async fn without_a_believable_token_nobody_gets_in() {
    // Port 1 of the loopback refuses connections: no keys can be had.
    let service = service("http://127.0.0.1:1/keys".to_owned());
    let forged = [
        ("x-cloudtasks-queuename", "reels"),
        ("x-cloudtasks-taskname", "t"),
    ];
    let missing = call(&service, "/render", &forged).await;
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (StatusCode::UNAUTHORIZED, "token.missing")
    );
    let garbage = call(&service, "/render", &[("authorization", "Bearer x.y.z")]).await;
    assert_eq!(garbage.status, StatusCode::UNAUTHORIZED);
    let header = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let token = encode(&header, &json!({}), &signing_key()).unwrap();
    let bearer = format!("Bearer {token}");
    let unknowable = call(&service, "/render", &[("authorization", &bearer)]).await;
    assert_eq!(unknowable.status, StatusCode::SERVICE_UNAVAILABLE);
}
