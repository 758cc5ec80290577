//! Forgotten passwords, addresses to be proven, and a welcome.

use gcp_local::FirebaseIdToken;
use serde_json::{Value, json};

use super::posting;
use crate::support::{TestApp, answer::Answer};

const FORGOT: &str = "/auth/forgot-password";
const VERIFY: &str = "/auth/send-verification";
const EMAIL: &str = "ana@example.com";

async fn ask(app: &TestApp, path: &str, email: impl Into<Value>) -> Answer {
    let email: Value = email.into();
    app.post(path).json(&json!({ "email": email })).await
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_somebody_is_there() {
    let (app, resend) = posting().await;
    app.known_there(EMAIL).await;
    for path in [FORGOT, VERIFY] {
        let known = ask(&app, path, " Ana@Example.com ").await;
        let unknown = ask(&app, path, "nobody@example.com").await;
        assert_eq!(known.ok(), json!({"ok": true}));
        assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
        assert_eq!(
            crate::support::people::keys(&known.json()),
            crate::support::people::keys(&unknown.json())
        );
    }
    let mails = resend.mails(2).await;
    app.all_sent().await;
    assert_eq!(resend.heard().len(), 2);
    let mut subjects: Vec<_> = mails.iter().map(|mail| mail.part("subject")).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Confirma tu cuenta de usuario | Avellaneda en Vivo",
            "Recuperacion de clave | Avellaneda en Vivo"
        ]
    );
    assert!(mails.iter().all(|mail| mail.to() == EMAIL));
}

#[tokio::test]
async fn the_link_of_a_mail_leads_on_to_the_app() {
    let (app, resend) = posting().await;
    app.known_there(EMAIL).await;
    ask(&app, FORGOT, EMAIL).await.ok();
    let mail = resend.mail().await;
    let text = mail.part("text");
    let link = text
        .split_whitespace()
        .find(|word| word.contains("oobCode="))
        .unwrap();
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = browser.get(link).send().await.unwrap();
    assert_eq!(
        answer.headers()["location"],
        "https://app.test/reset?intent=forgot_password"
    );
    let user = app.core.deps.people.find_by_email(EMAIL).await.unwrap();
    assert!(user.unwrap().email_verified);
}

#[tokio::test]
async fn a_provider_that_is_away_delays_the_mail_which_is_then_sent_once_under_its_key() {
    let (app, resend) = posting().await;
    app.known_there(EMAIL).await;
    resend.answers_next(&[503, 500]);
    ask(&app, FORGOT, EMAIL).await.ok();
    // Nobody else waits for it.
    assert_eq!(app.get("/shops").await.word(), "200");
    let mail = resend.mail().await;
    app.all_sent().await;
    let heard = resend.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|heard| *heard == mail), "{heard:?}");
}

#[tokio::test]
async fn whom_the_identity_provider_locked_out_gets_no_mail_and_nobody_hears_of_it() {
    let (app, resend) = posting().await;
    let accounts = "identitytoolkit.googleapis.com/v1/projects/local/accounts";
    let locked_out = json!({"email": EMAIL, "disabled": true});
    let made = reqwest::Client::new()
        .post(format!("{}/{accounts}", app.gcp.url()))
        .bearer_auth("owner")
        .json(&locked_out);
    assert_eq!(made.send().await.unwrap().status(), 200);
    assert_eq!(ask(&app, FORGOT, EMAIL).await.ok(), json!({"ok": true}));
    // Neither sent, nor set aside for people to look at.
    app.all_sent().await;
    assert!(resend.heard().is_empty());
}

#[tokio::test]
async fn what_is_no_address_is_told_so() {
    let (app, resend) = posting().await;
    for path in [FORGOT, VERIFY] {
        for typed in [
            json!("nobody"),
            json!("a b@example.com"),
            json!(""),
            json!(["ana@example.com"]),
            Value::Null,
        ] {
            let refused = ask(&app, path, typed.clone()).await;
            assert_eq!(refused.word(), "400 email.invalid", "{typed}");
        }
        assert_eq!(app.post(path).await.word(), "400 email.invalid");
    }
    assert_eq!(app.mails_waiting().await, 0);
    assert!(resend.heard().is_empty());
}

#[tokio::test]
async fn nobody_can_be_flooded_and_nobody_can_flood() {
    let resend = crate::support::outside::FakeResend::start().await;
    let app = TestApp::start_with(|settings| {
        resend.configure(settings);
        settings.insert("ACCOUNT_MAIL_RATE_LIMIT_MAX", "2".to_owned());
        settings.insert("ACCOUNT_MAIL_RATE_LIMIT_IP_MAX", "5".to_owned());
    })
    .await;
    let from = |address: &'static str| {
        let (app, body) = (&app, json!({ "email": EMAIL }));
        async move {
            let asked = app.post(FORGOT).header("x-forwarded-for", address);
            asked.json(&body).await
        }
    };
    from("203.0.113.1").await.ok();
    from("203.0.113.2").await.ok();
    // Wherever they ask from, and whichever of the two mails they ask for.
    let refused = from("203.0.113.3").await;
    assert_eq!(refused.word(), "429 rate_limit.exceeded");
    assert!(refused.header("retry-after").is_some());
    let other = ask(&app, VERIFY, EMAIL).await;
    assert_eq!(other.word(), "429 rate_limit.exceeded");

    for number in 0..4 {
        ask(&app, FORGOT, format!("nobody{number}@example.com"))
            .await
            .ok();
    }
    // The refused one was this network's first.
    let refused = ask(&app, VERIFY, "somebody@example.com").await;
    assert_eq!(refused.word(), "429 rate_limit.exceeded");
}

#[tokio::test]
async fn without_a_mail_provider_everybody_is_told_the_same() {
    let app = TestApp::start().await;
    app.known_there(EMAIL).await;
    for path in [FORGOT, VERIFY] {
        for email in [EMAIL, "nobody@example.com"] {
            let refused = ask(&app, path, email).await;
            assert_eq!(refused.word(), "500 mail.not_configured");
        }
    }
}

#[tokio::test]
async fn without_an_identity_provider_there_are_no_links() {
    let resend = crate::support::outside::FakeResend::start().await;
    let app = TestApp::start_with(|settings| {
        resend.configure(settings);
        settings.remove("FIREBASE_PROJECT_ID");
    })
    .await;
    let refused = ask(&app, FORGOT, EMAIL).await;
    assert_eq!(refused.word(), "500 sign_in.not_configured");
}

#[tokio::test]
async fn a_buyer_is_welcomed_once() {
    let (app, resend) = posting().await;
    let token = app.mint(&FirebaseIdToken {
        uid: "newcomer".to_owned(),
        email: Some("nueva@example.com".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    });
    let choose = || {
        app.post("/auth/onboarding/role")
            .bearer(&token)
            .json(&json!({"intent": "USER"}))
    };
    choose().await.ok();
    let mail = resend.mail().await;
    assert_eq!(mail.to(), "nueva@example.com");
    assert_eq!(mail.part("subject"), "Bienvenido a Avellaneda en Vivo");
    assert_eq!(choose().await.word(), "409 onboarding.already_chosen");
    app.all_sent().await;
    assert_eq!(resend.heard().len(), 1);
}

#[tokio::test]
async fn a_welcome_that_nobody_can_send_is_left_out() {
    let app = TestApp::start().await;
    let token = app.mint(&FirebaseIdToken {
        uid: "newcomer".to_owned(),
        email: Some("nueva@example.com".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    });
    let asked = app.post("/auth/onboarding/role").bearer(&token);
    asked.json(&json!({"intent": "USER"})).await.ok();
    assert_eq!(app.mails_waiting().await, 0);
}
