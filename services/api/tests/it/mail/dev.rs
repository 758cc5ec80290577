//! The page to read mails on, and where it is not.

use avvivo_api::Config;
use avvivo_service_kit::config::load;
use avvivo_testkit::{Seen, wait_for};
use serde_json::{Value, json};

use crate::support::{PATIENCE, TestApp};

const PARTS: [(&str, &str); 3] = [
    ("/dev/mail", "text/html"),
    ("/dev/mail/mail.css", "text/css"),
    ("/dev/mail/mail.js", "text/javascript"),
];
const MAILS: &str = "/dev/mail/mails.json";

#[tokio::test]
async fn where_no_folder_keeps_mails_there_is_no_page() {
    let app = TestApp::start().await;
    let paths = PARTS.into_iter().map(|(path, _)| path);
    for path in paths.chain([MAILS, "/dev/mail/mails/a/html"]) {
        assert_eq!(app.get(path).await.word(), "404 route.not_found", "{path}");
    }
}

#[test]
fn production_refuses_to_keep_mails() {
    let problems = load::<Config>(&|name: &str| match name {
        "APP_ENV" => Some("production".to_owned()),
        "DEV_MAIL_DIR" => Some("/tmp/mails".to_owned()),
        _ => None,
    });
    let problems = problems.unwrap_err().to_string();
    let line = problems.lines().find(|line| line.contains("DEV_MAIL_DIR"));
    assert!(line.unwrap().contains("must not be set in production"));
}

#[tokio::test]
async fn mails_are_kept_and_shown_and_nobody_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_with(|settings| {
        settings.insert("DEV_MAIL_DIR", folder.path().display().to_string());
        // A key at hand sends nothing either.
        settings.insert("RESEND_API_KEY", "re_real".to_owned());
        settings.insert("RESEND_BASE_URL", "http://127.0.0.1:9".to_owned());
    })
    .await;
    for (path, kind) in PARTS {
        let answer = app.get(path).await;
        assert_eq!(answer.word(), "200", "{path}");
        let content_type = answer.header("content-type").unwrap();
        assert_eq!(content_type, format!("{kind}; charset=utf-8"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    }
    assert_eq!(app.get(MAILS).await.ok(), json!([]));
    app.known_there("ana@example.com").await;
    app.post("/auth/forgot-password")
        .json(&json!({"email": "ana@example.com"}))
        .await
        .ok();
    let mail = wait_for("the mail", PATIENCE, async || {
        match app.get(MAILS).await.ok().as_array().unwrap().first() {
            Some(mail) => Seen::Done(mail.clone()),
            None => Seen::NotYet("none"),
        }
    })
    .await;
    assert_eq!(
        (&mail["to"], &mail["template"]),
        (&json!("ana@example.com"), &json!("recover-password"))
    );
    assert!(mail["text"].as_str().unwrap().contains("oobCode="));
    let id = mail["id"].as_str().unwrap();
    let html = app.get(&format!("/dev/mail/mails/{id}/html")).await;
    assert_eq!(html.word(), "200");
    // It runs nothing, wherever it is opened.
    let policy = html.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("sandbox; default-src 'none'; "),
        "{policy}"
    );
    for nobodys in ["nothing", "..%2F..%2Fetc%2Fpasswd"] {
        let path = format!("/dev/mail/mails/{nobodys}/html");
        assert_eq!(app.get(&path).await.word(), "404 dev.no_mail");
    }
    let pages = app.get("/openapi.json").await.ok();
    assert_eq!(pages["paths"]["/dev/mail"], Value::Null);
}
