//! Tokens and the keys to check them with, through `jsonwebtoken` and `google-cloud-auth`.

use std::time::Duration;

use gcp_local::{Config, FirebaseIdToken, GcpLocal, GoogleIdToken};
use google_cloud_auth::credentials::idtoken;
use http::StatusCode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::support::server;

const ACCOUNT: &str = "api@demo-local.iam.gserviceaccount.com";
const AUDIENCE: &str = "https://reels.internal";

/// Checks a token as a service would: key by id from the published set, RS256, expiry, audience.
pub(crate) async fn verified(token: &str, keys_url: &str, audience: &str) -> Result<Value, String> {
    let answer = reqwest::get(keys_url)
        .await
        .expect("the key set")
        .bytes()
        .await
        .expect("a body");
    let keys: JwkSet = serde_json::from_slice(&answer).expect("a JWK set");
    let kid = decode_header(token)
        .expect("a header")
        .kid
        .expect("a key id");
    let key = keys.find(&kid).ok_or("the key is not published")?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[audience]);
    rules.leeway = 0;
    let key = DecodingKey::from_jwk(key).expect("a key");
    decode(token, &key, &rules)
        .map(|token| token.claims)
        .map_err(|error| error.to_string())
}

fn user(uid: &str) -> FirebaseIdToken {
    FirebaseIdToken {
        uid: uid.to_owned(),
        ..FirebaseIdToken::default()
    }
}

async fn post(server: &GcpLocal, path: &str, body: Value) -> (StatusCode, Value) {
    let request = reqwest::Client::new().post(format!("{}{path}", server.url()));
    let answer = request.json(&body).send().await.expect("an answer");
    let status = answer.status();
    (
        status,
        serde_json::from_slice(&answer.bytes().await.expect("a body")).unwrap_or_default(),
    )
}

#[tokio::test]
async fn tokens_verify_with_the_keys_of_their_own_style_only() {
    let server = server().await;
    let issuer = server.issuer();
    let google = issuer.google_id_token(ACCOUNT, AUDIENCE).expect("a token");
    let claims = verified(&google, &issuer.google_jwks_url(), AUDIENCE)
        .await
        .expect("it verifies");
    assert_eq!(
        (claims["email"].as_str(), claims["iss"].as_str()),
        (Some(ACCOUNT), Some("https://accounts.google.com"))
    );
    assert!(
        verified(&google, &issuer.firebase_jwks_url(), AUDIENCE)
            .await
            .is_err()
    );

    let firebase = issuer.firebase_id_token(&user("u1")).expect("a token");
    let claims = verified(&firebase, &issuer.firebase_jwks_url(), "local")
        .await
        .expect("it verifies");
    assert_eq!(
        (claims["sub"].as_str(), claims["user_id"].as_str()),
        (Some("u1"), Some("u1"))
    );
    assert!(
        verified(&firebase, &issuer.google_jwks_url(), "local")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn google_s_own_verifier_accepts_a_google_token() {
    let server = server().await;
    let token = server
        .issuer()
        .google_id_token(ACCOUNT, AUDIENCE)
        .expect("a token");
    let verifier = idtoken::verifier::Builder::new([AUDIENCE])
        .with_email(ACCOUNT)
        .with_jwks_url(server.issuer().google_jwks_url())
        .build();
    verifier.verify(&token).await.expect("it verifies");
}

#[tokio::test]
async fn key_sets_look_like_googles_and_say_how_long_they_keep() {
    let server = server().await;
    for url in [
        server.issuer().google_jwks_url(),
        server.issuer().firebase_jwks_url(),
    ] {
        let answer = reqwest::get(&url).await.expect("an answer");
        let cache = answer.headers()["cache-control"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(cache.contains("public, max-age="), "{cache}");
        let keys: Value =
            serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        let key = &keys["keys"][0];
        assert_eq!(
            (&key["kty"], &key["alg"], &key["use"], &key["e"]),
            (
                &json!("RSA"),
                &json!("RS256"),
                &json!("sig"),
                &json!("AQAB")
            )
        );
        assert_eq!(key["kid"].as_str().map(str::len), Some(40));
        assert!(key.get("d").is_none(), "nothing private");
    }
}

#[tokio::test]
async fn after_a_rotation_old_tokens_still_verify_until_they_expire() {
    let server = server().await;
    let issuer = server.issuer();
    let url = issuer.google_jwks_url();
    let old = issuer.google_id_token(ACCOUNT, AUDIENCE).expect("a token");
    let (status, signing) = post(&server, "/issuer/rotate", json!({})).await;
    assert_eq!(status, 200);
    let new = issuer.google_id_token(ACCOUNT, AUDIENCE).expect("a token");
    let kid = |token: &str| decode_header(token).expect("a header").kid;
    assert_ne!(kid(&old), kid(&new));
    assert_eq!(kid(&new).as_deref(), signing["google"].as_str());
    verified(&old, &url, AUDIENCE).await.expect("the old one");
    verified(&new, &url, AUDIENCE).await.expect("the new one");
    server.clock().advance(Duration::from_hours(26));
    assert_eq!(
        verified(&old, &url, AUDIENCE).await,
        Err("the key is not published".to_owned())
    );
}

#[tokio::test]
async fn keys_outlive_the_server_when_it_keeps_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config {
        data_dir: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let first = GcpLocal::start(config.clone())
        .await
        .expect("gcp-local starts");
    let before = first
        .issuer()
        .google_id_token(ACCOUNT, AUDIENCE)
        .expect("a token");
    first.issuer().rotate().await.expect("rotated");
    let after = first
        .issuer()
        .firebase_id_token(&user("u"))
        .expect("a token");
    first.shutdown().await;

    let second = GcpLocal::start(config)
        .await
        .expect("gcp-local starts again");
    verified(&before, &second.issuer().google_jwks_url(), AUDIENCE)
        .await
        .expect("a retired key");
    verified(&after, &second.issuer().firebase_jwks_url(), "local")
        .await
        .expect("a current key");
}

#[tokio::test]
async fn people_mint_tokens_over_http() {
    let server = server().await;
    let wanted = json!({
        "uid": "u1", "email": "ana@example.com", "email_verified": true, "project": "demo",
        "expires_in": 86_400, "claims": {"tier": "gold"},
    });
    let (status, answer) = post(&server, "/issuer/firebase/id-token", wanted).await;
    assert_eq!(status, 200);
    let token = answer["id_token"].as_str().expect("a token");
    let claims = verified(token, &server.issuer().firebase_jwks_url(), "demo")
        .await
        .expect("it verifies");
    assert_eq!(
        (&claims["tier"], &claims["email_verified"]),
        (&json!("gold"), &json!(true))
    );
    assert_eq!(
        claims["exp"]
            .as_i64()
            .zip(claims["iat"].as_i64())
            .map(|(exp, iat)| exp - iat),
        Some(86_400)
    );

    let wanted = json!({"email": ACCOUNT, "audience": AUDIENCE, "subject": "42"});
    let (_, answer) = post(&server, "/issuer/google/id-token", wanted).await;
    let token = answer["id_token"].as_str().expect("a token");
    let claims = verified(token, &server.issuer().google_jwks_url(), AUDIENCE)
        .await
        .expect("it verifies");
    assert_eq!(
        (&claims["sub"], &claims["azp"]),
        (&json!("42"), &json!("42"))
    );
}

#[tokio::test]
async fn requests_to_mint_nonsense_are_refused() {
    let server = server().await;
    let (status, _) = post(
        &server,
        "/issuer/firebase/id-token",
        json!({"uid": "u", "expires_in": 86_401}),
    )
    .await;
    assert_eq!(status, 400);
    let (status, _) = post(
        &server,
        "/issuer/firebase/id-token",
        json!({"uid": "u", "emial": "a typo"}),
    )
    .await;
    assert_eq!(status, 422);
    let url = format!("{}/issuer/firebase/id-token", server.url());
    let as_text = reqwest::Client::new()
        .post(url)
        .body(r#"{"uid":"u"}"#)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        as_text.status(),
        415,
        "what a foreign page could send unasked is not read"
    );
}

#[tokio::test]
async fn an_expired_token_can_be_had_and_does_not_verify() {
    let server = server().await;
    let token = GoogleIdToken {
        email: ACCOUNT.to_owned(),
        audience: AUDIENCE.to_owned(),
        expires_in_seconds: Some(-60),
        ..GoogleIdToken::default()
    };
    let token = server.issuer().mint_google(&token).expect("a token");
    let refused = verified(&token, &server.issuer().google_jwks_url(), AUDIENCE).await;
    assert_eq!(refused, Err("ExpiredSignature".to_owned()));
}

#[tokio::test]
async fn google_s_credentials_get_tokens_from_the_metadata_server() {
    let server = server().await;
    let keys = server.issuer().google_jwks_url();
    let named = format!("http://{}", server.issuer().metadata_host(ACCOUNT));
    let own = "gcp-local@local.iam.gserviceaccount.com";
    for (endpoint, email) in [(server.url(), own), (named.as_str(), ACCOUNT)] {
        let credentials = idtoken::mds::Builder::new(AUDIENCE)
            .with_endpoint(endpoint)
            .build()
            .expect("credentials");
        let token = credentials.id_token().await.expect("a token");
        let claims = verified(&token, &keys, AUDIENCE)
            .await
            .expect("it verifies");
        assert_eq!(claims["email"], email);
    }
}

#[tokio::test]
async fn the_metadata_server_answers_only_those_who_mean_it() {
    let server = server().await;
    let base = format!("{}/computeMetadata/v1", server.url());
    let client = reqwest::Client::new();
    let get = async |path: &str, headers: &[(&str, &str)]| {
        let request = client.get(format!("{base}{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["metadata-flavor"], "Google");
        (
            answer.status().as_u16(),
            answer.text().await.expect("a body"),
        )
    };
    let google = ("Metadata-Flavor", "Google");
    let email = "/instance/service-accounts/default/email";
    assert_eq!(get(email, &[]).await.0, 403);
    assert_eq!(
        get(email, &[google, ("X-Forwarded-For", "10.0.0.1")])
            .await
            .0,
        403
    );
    assert_eq!(
        get(email, &[google]).await,
        (200, "gcp-local@local.iam.gserviceaccount.com".to_owned())
    );
    assert_eq!(
        get("/instance/service-accounts/default/identity", &[google])
            .await
            .0,
        400
    );
    assert_eq!(
        get("/project/project-id", &[google]).await,
        (200, "local".to_owned())
    );
    let (status, token) = get("/instance/service-accounts/default/token", &[google]).await;
    let token: Value = serde_json::from_str(&token).expect("JSON");
    assert_eq!(
        (status, token["token_type"].as_str()),
        (200, Some("Bearer"))
    );
}
