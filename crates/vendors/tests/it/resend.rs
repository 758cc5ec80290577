//! Mails on the wire.

use std::time::{Duration, Instant};

use avvivo_ports::{MailError, Mailer as _, contract::mailer};
use avvivo_vendors::{BuildError, Resend, ResendConfig};
use serde_json::json;

use crate::servers::{
    Fault, SHORT_LIMIT, nobody,
    resend::{FakeResend, KEY},
};

const FROM: &str = "Avellaneda en Vivo <no-reply@avellanedaenvivo.com.ar>";
const TO: &str = "ana@example.com";

fn config(url: &str) -> ResendConfig {
    ResendConfig {
        url: url.to_owned(),
        ..ResendConfig::new(KEY.into(), FROM)
    }
}

async fn setup() -> (FakeResend, Resend) {
    let fake = FakeResend::start().await;
    let mailer = Resend::new(config(&fake.server.url)).unwrap();
    (fake, mailer)
}

/// What becomes of a mail that meets `fault`.
async fn meeting(fault: Fault) -> MailError {
    let (fake, mailer) = setup().await;
    fake.server.fails_next([fault]);
    mailer.send(&mailer::mail(TO)).await.unwrap_err()
}

fn problem(status: u16, name: &str) -> Fault {
    let message = "You can only send testing emails to ana@example.com";
    Fault::json(
        status,
        &json!({ "statusCode": status, "name": name, "message": message }),
    )
}

#[tokio::test]
async fn a_repeated_mail_is_one_mail() {
    let (fake, mailer) = setup().await;
    mailer::a_repeated_mail_is_one_mail(&mailer, TO).await;
    assert_eq!(fake.mails().len(), 2);
    assert_eq!(fake.server.heard().len(), 3);
}

#[tokio::test]
async fn another_mail_under_the_same_key_is_refused() {
    let (fake, mailer) = setup().await;
    mailer::another_mail_under_the_same_key_is_refused(&mailer, TO).await;
    assert_eq!(fake.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_travels_whole() {
    let fake = FakeResend::start().await;
    let mailer = Resend::new(ResendConfig {
        reply_to: Some("hola@example.com".to_owned()),
        ..config(&fake.server.url)
    })
    .unwrap();
    let mail = mailer::mail(TO);
    mailer.send(&mail).await.unwrap();
    assert_eq!(
        fake.mails(),
        [json!({
            "from": FROM,
            "to": [TO],
            "subject": mail.subject,
            "html": mail.html,
            "text": mail.text,
            "reply_to": "hola@example.com",
            "tags": [{ "name": "template", "value": "contract" }],
        })]
    );
    let heard = &fake.server.heard()[0];
    assert_eq!(heard.header("idempotency-key"), mail.idempotency_key);
    assert!(heard.header("user-agent").starts_with("avvivo/"));
}

#[tokio::test]
async fn a_mail_may_say_where_its_answers_go() {
    let (fake, mailer) = setup().await;
    let mut mail = mailer::mail(TO);
    mail.reply_to = Some("otra@example.com".to_owned());
    mailer.send(&mail).await.unwrap();
    assert_eq!(fake.mails()[0]["reply_to"], "otra@example.com");
}

#[tokio::test]
async fn what_the_mail_itself_carries_is_refused_for_good() {
    let (_fake, mailer) = setup().await;
    let mut no_address = mailer::mail("nobody");
    let refused = mailer.send(&no_address).await.unwrap_err();
    let reason = "422 validation_error".to_owned();
    assert_eq!(refused, MailError::Refused { reason });
    no_address.idempotency_key = "line\nbreak".to_owned();
    let refused = mailer.send(&no_address).await;
    assert!(matches!(refused, Err(MailError::Refused { .. })));
    for (status, name) in [
        (400, "invalid_idempotency_key"),
        (409, "invalid_idempotent_request"),
        (413, ""),
        (422, "missing_required_field"),
    ] {
        let refused = meeting(problem(status, name)).await;
        assert!(matches!(refused, MailError::Refused { .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_repaired_elsewhere_may_work_later() {
    for (status, name) in [
        (401, "missing_api_key"),
        (403, "validation_error"),
        (409, "concurrent_idempotent_requests"),
        (409, "resource_locked"),
        (429, "rate_limit_exceeded"),
        (500, "application_error"),
        (503, "service_unavailable"),
        (302, ""),
    ] {
        let later = meeting(problem(status, name)).await;
        let MailError::Unavailable {
            reason,
            retry_after: None,
        } = later
        else {
            panic!("{status} {name}: {later:?}")
        };
        assert_eq!(reason, format!("{status} {name}"));
    }
    let mailer = FakeResend::start().await;
    let stranger = ResendConfig {
        api_key: "re_wrong".into(),
        ..config(&mailer.server.url)
    };
    let later = Resend::new(stranger).unwrap().send(&mailer::mail(TO)).await;
    assert!(matches!(later, Err(MailError::Unavailable { .. })));
}

#[tokio::test]
async fn a_used_up_quota_says_how_long_to_wait() {
    let minute = [("retry-after", "60")].as_slice();
    let body = json!({ "name": "rate_limit_exceeded" }).to_string();
    let wait = |error| match error {
        MailError::Unavailable { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    };
    let asked = meeting(Fault::Says(429, minute, body)).await;
    assert_eq!(wait(asked), Some(Duration::from_mins(1)));
    let daily = meeting(problem(429, "daily_quota_exceeded")).await;
    assert_eq!(wait(daily), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn a_vendor_that_asks_for_a_pause_gets_it() {
    let (fake, mailer) = setup().await;
    let pause = [("retry-after", "30")].as_slice();
    fake.server
        .fails_next([Fault::Says(429, pause, String::new())]);
    mailer.send(&mailer::mail(TO)).await.unwrap_err();
    let next = mailer.send(&mailer::mail(TO)).await.unwrap_err();
    let MailError::Unavailable {
        retry_after: Some(wait),
        ..
    } = next
    else {
        panic!("{next:?}")
    };
    assert!(wait > Duration::from_secs(20), "{wait:?}");
    assert_eq!(fake.server.heard().len(), 1);
}

#[tokio::test]
async fn what_is_no_answer_is_later() {
    for fault in [
        Fault::Says(200, &[], "<html>".to_owned()),
        Fault::Says(200, &[], "{}".to_owned()),
        Fault::Says(500, &[], "{\"name\":7}".to_owned()),
        Fault::Babble,
    ] {
        let later = meeting(fault).await;
        assert!(matches!(later, MailError::Unavailable { .. }), "{later:?}");
    }
}

#[tokio::test]
async fn a_slow_or_absent_vendor_looks_dead_soon() {
    let fake = FakeResend::start().await;
    let mailer = Resend::new(ResendConfig {
        limit: SHORT_LIMIT,
        ..config(&fake.server.url)
    })
    .unwrap();
    fake.server.fails_next([Fault::Silence]);
    let mail = mailer::mail(TO);
    assert_eq!(mailer.send(&mail).await, Err(MailError::Timeout));
    mailer.send(&mail).await.unwrap();

    let mailer = Resend::new(config(&nobody().await)).unwrap();
    let began = Instant::now();
    let gone = mailer.send(&mail).await;
    assert!(
        matches!(gone, Err(MailError::Unavailable { .. })),
        "{gone:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[test]
fn what_cannot_be_sent_is_found_before_anything_is() {
    let broken_key = ResendConfig::new("re_\nkey".into(), FROM);
    let found = Resend::new(broken_key).unwrap_err();
    assert!(matches!(found, BuildError::Header { .. }));
    assert!(!found.to_string().contains("re_"));
    let found = Resend::new(config("resend.com")).unwrap_err();
    assert!(matches!(found, BuildError::Address { .. }));
}
