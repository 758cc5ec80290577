//! What makes a service's token acceptable, and for which route.

use std::sync::Arc;

use avvivo_kernel::Clock;
use avvivo_tokens::{Deny, KeyCache, OidcPolicy, OidcVerifier};
use serde_json::{Value, json};

use crate::issuer::{Issuer, TestClock, key_one, with};

const TASKS: &str = "tasks@demo.iam.gserviceaccount.com";
const CRON: &str = "cron@demo.iam.gserviceaccount.com";

fn policy(callers: &[&str]) -> OidcPolicy {
    OidcPolicy {
        audiences: [
            "https://reels".to_owned(),
            "https://reels.internal".to_owned(),
        ]
        .into(),
        callers: callers.iter().map(|&email| email.to_owned()).collect(),
    }
}

async fn setup() -> (OidcVerifier, OidcVerifier, i64, Issuer) {
    let issuer = Issuer::with_key_one().await;
    let clock = TestClock::start();
    let keys = Arc::new(KeyCache::new(issuer.url.clone(), clock.clone()).unwrap());
    let tasks = OidcVerifier::new(policy(&[TASKS]), Arc::clone(&keys), clock.clone());
    let cron = OidcVerifier::new(policy(&[CRON]), keys, clock.clone());
    (tasks, cron, clock.now().timestamp(), issuer)
}

fn claims(now: i64) -> Value {
    json!({
        "iss": "https://accounts.google.com", "aud": "https://reels", "sub": "1024",
        "iat": now, "exp": now + 3600, "email": TASKS, "email_verified": true,
    })
}

#[tokio::test]
async fn an_allowed_service_account_is_let_in_under_either_issuer_name() {
    let (tasks, _, now, _issuer) = setup().await;
    let short = json!({ "iss": "accounts.google.com", "aud": "https://reels.internal" });
    for changes in [json!({}), short] {
        let caller = tasks
            .verify(&key_one().sign(&with(claims(now), changes)))
            .await
            .unwrap();
        assert_eq!(
            (caller.email.as_str(), caller.subject.as_str()),
            (TASKS, "1024")
        );
    }
}

#[tokio::test]
async fn the_right_token_on_the_wrong_route_is_refused() {
    let (_, cron, now, _issuer) = setup().await;
    let denied = cron
        .verify(&key_one().sign(&claims(now)))
        .await
        .unwrap_err();
    assert_eq!(denied, Deny::CallerNotAllowed);
}

#[tokio::test]
async fn each_wrong_claim_is_refused() {
    let (tasks, _, now, _issuer) = setup().await;
    let cases = [
        (
            json!({ "iss": "https://accounts.google.com.evil" }),
            Deny::Claim("iss"),
        ),
        (
            json!({ "iss": "https://securetoken.google.com/demo" }),
            Deny::Claim("iss"),
        ),
        (json!({ "aud": "https://other" }), Deny::Claim("aud")),
        (json!({ "aud": "https://reels/" }), Deny::Claim("aud")),
        (json!({ "sub": "" }), Deny::Claim("sub")),
        (json!({ "email": null }), Deny::Claim("email")),
        (
            json!({ "email_verified": false }),
            Deny::Claim("email_verified"),
        ),
        (
            json!({ "email_verified": null }),
            Deny::Claim("email_verified"),
        ),
        (json!({ "email_verified": "true" }), Deny::Malformed),
        (
            json!({ "email": "someone@else.iam.gserviceaccount.com" }),
            Deny::CallerNotAllowed,
        ),
        (json!({ "exp": now - 61 }), Deny::Expired),
        (json!({ "iat": now + 61 }), Deny::Claim("iat")),
        (json!({ "iat": null }), Deny::Malformed),
    ];
    for (changes, expected) in cases {
        let token = key_one().sign(&with(claims(now), changes.clone()));
        assert_eq!(
            tasks.verify(&token).await.unwrap_err(),
            expected,
            "{changes}"
        );
    }
    for changes in [json!({ "exp": now - 59 }), json!({ "iat": now + 59 })] {
        let token = key_one().sign(&with(claims(now), changes.clone()));
        assert!(tasks.verify(&token).await.is_ok(), "{changes}");
    }
}
