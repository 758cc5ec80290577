//! Pushes that prove who sends them.

use google_cloud_pubsub::model::push_config::OidcToken;
use google_cloud_pubsub::model::{PushConfig, Subscription};
use http::StatusCode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::site::{Site, keyed, note};
use crate::support;

const CALLER: &str = "pusher@project.iam.gserviceaccount.com";

/// What a service behind Google would check.
async fn verified(jwks_url: &str, token: &str, audience: &str) -> Value {
    let keys: JwkSet = reqwest::get(jwks_url)
        .await
        .expect("keys")
        .json()
        .await
        .expect("a key set");
    let kid = decode_header(token)
        .expect("a header")
        .kid
        .expect("a key id");
    let key = keys.find(&kid).expect("the key is published");
    let mut checks = Validation::new(Algorithm::RS256);
    checks.set_issuer(&["https://accounts.google.com"]);
    checks.set_audience(&[audience]);
    let key = DecodingKey::from_jwk(key).expect("a usable key");
    decode(token, &key, &checks).expect("a valid token").claims
}

fn bearer(headers: &http::HeaderMap) -> &str {
    let header = headers
        .get("authorization")
        .expect("an Authorization header");
    header
        .to_str()
        .expect("text")
        .strip_prefix("Bearer ")
        .expect("a bearer token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_carry_a_verifiable_token_of_the_service_account() {
    let server = support::server().await;
    let site = Site::new(server.url(), "signed-push");
    let mut endpoint = Endpoint::start([]).await;
    let oidc = OidcToken::new().set_service_account_email(CALLER);
    for (id, token, audience) in [
        (
            "explicit",
            oidc.clone().set_audience("https://service.example"),
            "https://service.example",
        ),
        ("default", oidc, endpoint.url.clone().as_str()),
    ] {
        let push = PushConfig::new()
            .set_push_endpoint(&endpoint.url)
            .set_oidc_token(token);
        site.subscribe(id, Subscription::new().set_push_config(push))
            .await;
        site.publish([note(id)]).await;
        let (headers, _) = endpoint.next().await;
        let claims = verified(
            &server.issuer().google_jwks_url(),
            bearer(&headers),
            audience,
        )
        .await;
        assert_eq!(claims["email"], CALLER);
        assert_eq!(claims["email_verified"], true);
        let name = site.subscription(id);
        let gone = site
            .subscriptions()
            .await
            .delete_subscription()
            .set_subscription(name);
        gone.send().await.expect("deleted");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keyed_pushes_wait_for_the_answer_to_the_one_before() {
    let server = support::server().await;
    let site = Site::new(server.url(), "keyed-push");
    let mut endpoint = Endpoint::start([StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR]).await;
    let push = PushConfig::new().set_push_endpoint(&endpoint.url);
    let ordered = Subscription::new()
        .set_enable_message_ordering(true)
        .set_push_config(push);
    site.subscribe("pushed", ordered).await;
    site.publish((0..4).map(|number| keyed("key", number.to_string())))
        .await;
    let mut texts = Vec::new();
    for _ in 0..5 {
        let (_, push) = endpoint.next().await;
        texts.push(push["message"]["data"].as_str().expect("data").to_owned());
    }
    assert_eq!(texts, ["MA==", "MQ==", "MQ==", "Mg==", "Mw=="]);
    server.shutdown().await;
}
