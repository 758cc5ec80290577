//! What the tokens for curl open, and for how long.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::Value;

use crate::support::{people::Person, platform::Platform};

const DAY_SECONDS: u64 = 24 * 60 * 60;
/// Since they were signed the platform has started and rendered its sample.
const AGE_SECONDS: u64 = 30 * 60;

pub(crate) async fn tokens_are_those_people_for_a_day(platform: &Platform) {
    let person = |variable: &str| Person::new(platform.base_url(), platform.variable(variable));
    let admin = person("TOKEN_ADMIN").get("/reels/admin").await;
    assert_eq!(admin.status, StatusCode::OK, "{admin:?}");
    let client = person("TOKEN_CLIENT_1").get("/reels/admin").await;
    assert_eq!(client.status, StatusCode::FORBIDDEN, "{client:?}");
    let suspended = person("TOKEN_SUSPENDED").get("/reels").await;
    assert_eq!(suspended.status, StatusCode::FORBIDDEN, "{suspended:?}");
    assert_eq!(suspended.body["code"], "auth.suspended", "{suspended:?}");

    for variable in ["TOKEN_ADMIN", "TOKEN_SHOP_1", "TOKEN_CLIENT_2"] {
        let left = seconds_left(platform.variable(variable));
        assert!(
            (DAY_SECONDS - AGE_SECONDS..=DAY_SECONDS).contains(&left),
            "{variable} is good for {left} s"
        );
    }
}

/// How long a token is good from now on, by its own words.
#[expect(
    clippy::disallowed_methods,
    reason = "the platform under test lives by the real clock"
)]
fn seconds_left(token: &str) -> u64 {
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    claims["exp"]
        .as_u64()
        .unwrap()
        .saturating_sub(now.as_secs())
}
