//! People of a Firebase project on the wire.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use avvivo_ports::{
    AccessTokenError, AccessTokens, IdentityAdmin as _, IdentityError, IdentityUser,
    contract::identity_admin,
};
use avvivo_vendors::{BuildError, EmulatorTokens, IdentityToolkit, IdentityToolkitConfig};
use gcp_local::{Config, GcpLocal};
use secrecy::SecretString;
use serde_json::json;

use crate::servers::{
    Fault, SHORT_LIMIT,
    identity_toolkit::{FakeIdentityToolkit, PROJECT, problem},
    nobody,
};

const EMAIL: &str = "ana@example.com";
const CONTINUE: &str = "https://app.test/reset?intent=forgot_password";

fn admin(url: &str) -> IdentityToolkit {
    let config = IdentityToolkitConfig::emulated(PROJECT, url);
    IdentityToolkit::new(&config, Arc::new(EmulatorTokens)).unwrap()
}

async fn setup() -> (FakeIdentityToolkit, IdentityToolkit) {
    let fake = FakeIdentityToolkit::start().await;
    let admin = admin(&fake.server.url);
    (fake, admin)
}

/// What becomes of a link that meets `fault`.
async fn meeting(fault: Fault) -> IdentityError {
    let (fake, admin) = setup().await;
    fake.server.fails_next([fault]);
    let link = admin.password_reset_link(EMAIL, CONTINUE).await;
    link.unwrap_err()
}

#[tokio::test]
async fn the_contract_holds() {
    let (fake, admin) = setup().await;
    identity_admin::a_user_is_made_once(&admin).await;
    identity_admin::two_at_once_make_one_user(&admin).await;
    identity_admin::a_weak_password_is_refused(&admin).await;
    identity_admin::links_are_for_those_who_exist(&admin).await;
    assert_eq!(fake.users().len(), 3);
}

#[tokio::test]
async fn a_project_that_protects_addresses_keeps_the_contract() {
    let fake = FakeIdentityToolkit::protecting_addresses().await;
    identity_admin::links_are_for_those_who_exist(&admin(&fake.server.url)).await;
}

#[tokio::test]
async fn a_user_is_told_as_the_provider_knows_them() {
    let (fake, admin) = setup().await;
    fake.put(
        json!({ "localId": "q7", "email": EMAIL, "emailVerified": true, "disabled": true,
        "providerUserInfo": [{ "providerId": "google.com" }], "createdAt": "1772712345678" }),
    );
    let known = IdentityUser {
        uid: "q7".to_owned(),
        email: EMAIL.to_owned(),
        email_verified: true,
        disabled: true,
    };
    assert_eq!(admin.find_by_email(EMAIL).await, Ok(Some(known.clone())));
    assert_eq!(admin.ensure_user(EMAIL, None).await, Ok(known));
}

#[tokio::test]
async fn a_password_is_given_to_who_is_new() {
    let (fake, admin) = setup().await;
    let password = SecretString::from("0123456789abcdef0123");
    admin.ensure_user(EMAIL, Some(&password)).await.unwrap();
    assert_eq!(fake.users()[0]["passwordHash"], "0123456789abcdef0123");
}

#[tokio::test]
async fn who_was_made_meanwhile_is_found() {
    let (fake, admin) = setup().await;
    fake.put(json!({ "localId": "q7", "email": EMAIL }));
    // The first look-up sees nobody yet.
    fake.server.fails_next([Fault::json(200, &json!({}))]);
    let found = admin.ensure_user(EMAIL, None).await.unwrap();
    assert_eq!(found.uid, "q7");
    assert_eq!(fake.server.heard().len(), 3);
}

#[tokio::test]
async fn what_the_call_itself_carries_is_refused_for_good() {
    for code in [
        "INVALID_EMAIL",
        "USER_DISABLED",
        "UNAUTHORIZED_DOMAIN : no",
        "",
    ] {
        let refused = meeting(Fault::json(400, &problem(400, code))).await;
        assert!(matches!(refused, IdentityError::Refused { .. }), "{code}");
    }
    let (_fake, admin) = setup().await;
    let refused = admin.ensure_user("nobody", None).await.unwrap_err();
    let reason = "400 INVALID_EMAIL".to_owned();
    assert_eq!(refused, IdentityError::Refused { reason });
}

#[tokio::test]
async fn what_is_repaired_elsewhere_may_work_later() {
    for (status, code) in [
        (400, "TOO_MANY_ATTEMPTS_TRY_LATER"),
        (400, "RESET_PASSWORD_EXCEED_LIMIT"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "PROJECT_NOT_FOUND"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
    ] {
        let later = meeting(Fault::json(status, &problem(status, code))).await;
        let reason = format!("{status} {code}");
        let retry_after = None;
        assert_eq!(
            later,
            IdentityError::Unavailable {
                reason,
                retry_after
            }
        );
    }
    let wait = [("retry-after", "9")].as_slice();
    let later = meeting(Fault::Says(429, wait, String::new())).await;
    let IdentityError::Unavailable { retry_after, .. } = later else {
        panic!("{later:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn what_is_no_answer_is_later() {
    for fault in [
        Fault::Says(200, &[], "<html>".to_owned()),
        Fault::Says(200, &[], "[]".to_owned()),
        Fault::Says(503, &[], "upstream connect error".to_owned()),
        Fault::Babble,
    ] {
        let later = meeting(fault).await;
        assert!(
            matches!(later, IdentityError::Unavailable { .. }),
            "{later:?}"
        );
    }
}

#[tokio::test]
async fn a_slow_or_absent_provider_looks_dead_soon() {
    let fake = FakeIdentityToolkit::start().await;
    let config = IdentityToolkitConfig {
        limit: SHORT_LIMIT,
        ..IdentityToolkitConfig::emulated(PROJECT, &fake.server.url)
    };
    let slow = IdentityToolkit::new(&config, Arc::new(EmulatorTokens)).unwrap();
    fake.server.fails_next([Fault::Silence]);
    let answer = slow.find_by_email(EMAIL).await;
    assert_eq!(answer, Err(IdentityError::Timeout));

    let gone = admin(&nobody().await).find_by_email(EMAIL).await;
    assert!(matches!(gone, Err(IdentityError::Unavailable { .. })));
}

struct NoTokens;

#[async_trait]
impl AccessTokens for NoTokens {
    async fn access_token(&self) -> Result<SecretString, AccessTokenError> {
        let reason = "the metadata server is away".to_owned();
        Err(AccessTokenError { reason })
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let fake = FakeIdentityToolkit::start().await;
    let config = IdentityToolkitConfig::emulated(PROJECT, &fake.server.url);
    let admin = IdentityToolkit::new(&config, Arc::new(NoTokens)).unwrap();
    let later = admin.find_by_email(EMAIL).await;
    assert!(matches!(later, Err(IdentityError::Unavailable { .. })));
    assert!(fake.server.heard().is_empty());
}

#[test]
fn a_project_is_a_name_and_not_a_path() {
    for project in ["", "a/b", "a?b", "..", "a%2fb"] {
        let config = IdentityToolkitConfig::new(project);
        let built = IdentityToolkit::new(&config, Arc::new(EmulatorTokens));
        assert!(
            matches!(built, Err(BuildError::Address { .. })),
            "{project}"
        );
    }
    let google = IdentityToolkitConfig::new(PROJECT);
    assert!(IdentityToolkit::new(&google, Arc::new(EmulatorTokens)).is_ok());
}

#[tokio::test]
async fn the_stand_in_keeps_the_contract() {
    let stand_in = GcpLocal::start(Config::default()).await.unwrap();
    let admin = admin(stand_in.url());
    identity_admin::a_user_is_made_once(&admin).await;
    identity_admin::two_at_once_make_one_user(&admin).await;
    identity_admin::a_weak_password_is_refused(&admin).await;
    identity_admin::links_are_for_those_who_exist(&admin).await;
    let refused = admin.ensure_user("nobody", None).await.unwrap_err();
    let reason = "400 INVALID_EMAIL".to_owned();
    assert_eq!(refused, IdentityError::Refused { reason });
    stand_in.shutdown().await;
}
