//! What makes an ID token acceptable, one claim at a time.

use std::sync::Arc;

use avvivo_kernel::Clock;
use avvivo_tokens::{Deny, FirebaseVerifier, KeyCache};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::issuer::{Issuer, SigningKey, TestClock, header, key_one, with};

struct Setup {
    verifier: FirebaseVerifier,
    clock: Arc<TestClock>,
    issuer: Issuer,
}

async fn setup() -> Setup {
    let issuer = Issuer::with_key_one().await;
    let clock = TestClock::start();
    let keys = Arc::new(KeyCache::new(issuer.url.clone(), clock.clone()).unwrap());
    Setup {
        verifier: FirebaseVerifier::new("demo", keys, clock.clone()),
        clock,
        issuer,
    }
}

impl Setup {
    fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": "https://securetoken.google.com/demo", "aud": "demo", "sub": "uid-1",
            "iat": self.now() - 60, "auth_time": self.now() - 600, "exp": self.now() + 3540,
            "email": "ana@example.com", "email_verified": true,
        })
    }

    async fn denied(&self, token: &str) -> Deny {
        self.verifier.verify(token).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_good_token_tells_who_signed_in() {
    let setup = setup().await;
    let user = setup
        .verifier
        .verify(&key_one().sign(&setup.claims()))
        .await
        .unwrap();
    assert_eq!(user.uid, "uid-1");
    assert_eq!(user.email.as_deref(), Some("ana@example.com"));
    assert!(user.email_verified);
    assert_eq!(user.expires_at.timestamp(), setup.now() + 3540);
    assert_eq!(user.signed_in_at.timestamp(), setup.now() - 600);
}

#[tokio::test]
async fn a_token_without_email_is_believed_and_says_so() {
    let setup = setup().await;
    let claims = with(
        setup.claims(),
        json!({ "email": null, "email_verified": null }),
    );
    let user = setup
        .verifier
        .verify(&key_one().sign(&claims))
        .await
        .unwrap();
    assert_eq!((user.email, user.email_verified), (None, false));
}

#[tokio::test]
async fn each_wrong_claim_is_refused() {
    let setup = setup().await;
    let now = setup.now();
    let cases = [
        (json!({ "aud": "other" }), Deny::Claim("aud")),
        (json!({ "aud": ["demo", "other"] }), Deny::Malformed),
        (json!({ "aud": null }), Deny::Malformed),
        (
            json!({ "iss": "https://securetoken.google.com/other" }),
            Deny::Claim("iss"),
        ),
        (
            json!({ "iss": "https://accounts.google.com" }),
            Deny::Claim("iss"),
        ),
        (json!({ "iss": null }), Deny::Malformed),
        (json!({ "sub": "" }), Deny::Claim("sub")),
        (json!({ "sub": "x".repeat(129) }), Deny::Claim("sub")),
        (json!({ "sub": null }), Deny::Malformed),
        (json!({ "exp": now - 31 }), Deny::Expired),
        (json!({ "exp": null }), Deny::Malformed),
        (json!({ "exp": i64::MAX }), Deny::Claim("exp")),
        (json!({ "exp": -1 }), Deny::Claim("exp")),
        (json!({ "iat": now + 40 }), Deny::Claim("iat")),
        (json!({ "iat": i64::MAX }), Deny::Claim("iat")),
        (json!({ "auth_time": now + 40 }), Deny::Claim("auth_time")),
        (json!({ "auth_time": null }), Deny::Malformed),
        (json!({ "email": 7 }), Deny::Malformed),
    ];
    for (changes, expected) in cases {
        let token = key_one().sign(&with(setup.claims(), changes.clone()));
        assert_eq!(setup.denied(&token).await, expected, "{changes}");
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let setup = setup().await;
    let now = setup.now();
    for changes in [
        json!({ "exp": now - 20 }),
        json!({ "iat": now + 20, "auth_time": now + 20 }),
    ] {
        let token = key_one().sign(&with(setup.claims(), changes.clone()));
        assert!(setup.verifier.verify(&token).await.is_ok(), "{changes}");
    }
    let longest = with(setup.claims(), json!({ "sub": "ñ".repeat(128) }));
    assert!(
        setup
            .verifier
            .verify(&key_one().sign(&longest))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_token_without_signature_is_refused() {
    let setup = setup().await;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE"] {
        let head = part(json!({ "alg": alg, "typ": "JWT", "kid": "one" }));
        let token = format!("{head}.{}.", part(setup.claims()));
        assert_eq!(setup.denied(&token).await, Deny::Algorithm, "{alg}");
    }
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let setup = setup().await;
    let jwk = key_one().jwk();
    let modulus = jwk["n"].as_str().unwrap();
    for secret in [
        modulus.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(modulus).unwrap(),
    ] {
        let secret = EncodingKey::from_secret(&secret);
        let token = encode(&header(Algorithm::HS256, "one"), &setup.claims(), &secret).unwrap();
        assert_eq!(setup.denied(&token).await, Deny::Algorithm);
    }
}

#[tokio::test]
async fn other_rsa_algorithms_and_critical_extensions_are_refused() {
    let setup = setup().await;
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token = key_one().sign_as(algorithm, &setup.claims());
        assert_eq!(setup.denied(&token).await, Deny::Algorithm, "{algorithm:?}");
    }
    let critical = Header {
        crit: Some(vec!["b64".into()]),
        ..header(Algorithm::RS256, "one")
    };
    let token = key_one().sign_with(&critical, &setup.claims());
    assert_eq!(setup.denied(&token).await, Deny::Algorithm);
}

#[tokio::test]
async fn keys_that_are_not_the_issuers_are_refused() {
    let setup = setup().await;
    let impostor = SigningKey::generate("one");
    assert_eq!(
        setup.denied(&impostor.sign(&setup.claims())).await,
        Deny::Signature
    );
    let stranger = header(Algorithm::RS256, "nobody");
    let token = key_one().sign_with(&stranger, &setup.claims());
    assert_eq!(setup.denied(&token).await, Deny::UnknownKey);
    let nameless = key_one().sign_with(&Header::new(Algorithm::RS256), &setup.claims());
    assert_eq!(setup.denied(&nameless).await, Deny::UnknownKey);
}

#[tokio::test]
async fn what_is_not_a_token_is_refused_without_asking_for_keys() {
    let setup = setup().await;
    for text in [
        "",
        ".",
        "..",
        "a.b.c",
        "not a token",
        "é.é.é",
        &"x".repeat(9000),
    ] {
        assert!(
            matches!(setup.denied(text).await, Deny::Malformed | Deny::Algorithm),
            "{text:.20}"
        );
    }
    let big = with(setup.claims(), json!({ "extra": "x".repeat(9000) }));
    assert_eq!(setup.denied(&key_one().sign(&big)).await, Deny::Malformed);
    assert_eq!(setup.issuer.fetches(), 0);
}

#[tokio::test]
async fn a_changed_payload_breaks_the_signature() {
    let setup = setup().await;
    let token = key_one().sign(&setup.claims());
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let claims = with(setup.claims(), json!({ "sub": "admin" }));
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    assert_eq!(setup.denied(&parts.join(".")).await, Deny::Signature);
}
