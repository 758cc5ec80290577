//! People of Firebase projects, over Identity Toolkit's wire.

use std::time::Duration;

use gcp_local::{Config, GcpLocal};
use http::StatusCode;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::support::server;

const EMAIL: &str = "ana@example.com";

async fn call(server: &GcpLocal, method: &str, body: Value) -> (u16, Value) {
    let path = format!(
        "{}/identitytoolkit.googleapis.com/v1/projects/demo/{method}",
        server.url()
    );
    let request = reqwest::Client::new().post(path).bearer_auth("owner");
    let answer = request.json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

async fn word(server: &GcpLocal, method: &str, body: Value) -> String {
    let (status, answer) = call(server, method, body).await;
    assert_eq!(answer["error"]["code"], status);
    let word = answer["error"]["message"].as_str().expect("a word");
    format!("{status} {word}")
}

async fn user(server: &GcpLocal) -> Value {
    let (_, found) = call(server, "accounts:lookup", json!({ "email": [EMAIL] })).await;
    found["users"][0].clone()
}

fn wants(request_type: &str) -> Value {
    json!({ "requestType": request_type, "email": EMAIL, "returnOobLink": true,
            "continueUrl": "https://app.test/reset?intent=shop_invite" })
}

async fn link(server: &GcpLocal, request_type: &str) -> String {
    let (status, answer) = call(server, "accounts:sendOobCode", wants(request_type)).await;
    assert_eq!(status, 200, "{answer}");
    answer["oobLink"].as_str().expect("a link").to_owned()
}

/// Opens a link as a browser does that comes from another page, and does not go on from there.
async fn follow(link: &str) -> (StatusCode, Option<String>) {
    let browser = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .expect("a client");
    let request = browser.get(link).header("sec-fetch-site", "cross-site");
    let answer = request.send().await.expect("an answer");
    let next = answer.headers().get("location");
    let next = next.map(|next| next.to_str().expect("text").to_owned());
    (answer.status(), next)
}

#[tokio::test]
async fn an_address_has_one_account_and_projects_are_apart() {
    let server = server().await;
    let made = call(&server, "accounts", json!({ "email": "Ana@Example.com" })).await;
    assert_eq!((made.0, &made.1["email"]), (200, &json!(EMAIL)));
    let again = json!({ "email": EMAIL, "password": "secret1" });
    assert_eq!(word(&server, "accounts", again).await, "400 EMAIL_EXISTS");
    let uid = made.1["localId"].clone();
    let other = json!({ "localId": uid, "email": "eva@example.com" });
    assert_eq!(
        word(&server, "accounts", other).await,
        "400 DUPLICATE_LOCAL_ID"
    );
    let known = user(&server).await;
    assert_eq!(
        (
            &known["localId"],
            &known["emailVerified"],
            &known["disabled"]
        ),
        (&uid, &json!(false), &json!(false))
    );
    let twice = json!({ "email": [EMAIL], "localId": [uid] });
    let (_, found) = call(&server, "accounts:lookup", twice).await;
    assert_eq!(found["users"].as_array().map(Vec::len), Some(1));

    let elsewhere = format!(
        "{}/identitytoolkit.googleapis.com/v1/projects/other/accounts:lookup",
        server.url()
    );
    let request = reqwest::Client::new().post(elsewhere).bearer_auth("owner");
    let request = request.json(&json!({ "email": [EMAIL] }));
    let found: Value = request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert!(found["users"].is_null(), "{found}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_in_googles_words() {
    let server = server().await;
    let disabled = json!({ "email": EMAIL, "disabled": true });
    assert_eq!(call(&server, "accounts", disabled).await.0, 200);
    for (method, body, expected) in [
        (
            "accounts",
            json!({ "email": "nobody" }),
            "400 INVALID_EMAIL",
        ),
        (
            "accounts",
            json!({ "email": "a@b.c", "password": "12345" }),
            "400 WEAK_PASSWORD : Password should be at least 6 characters",
        ),
        (
            "accounts:sendOobCode",
            json!({ "requestType": "PASSWORD_RESET", "email": "a@b.c", "returnOobLink": true }),
            "400 EMAIL_NOT_FOUND",
        ),
        (
            "accounts:sendOobCode",
            wants("PASSWORD_RESET"),
            "400 USER_DISABLED",
        ),
        (
            "accounts:sendOobCode",
            wants("EMAIL_SIGNIN"),
            "400 INVALID_REQ_TYPE",
        ),
    ] {
        assert_eq!(word(&server, method, body).await, expected);
    }
    for (method, body) in [
        (
            "accounts:sendOobCode",
            json!({ "requestType": "VERIFY_EMAIL", "email": EMAIL }),
        ),
        ("accounts:delete", json!({ "localId": "u" })),
    ] {
        assert_eq!(call(&server, method, body).await.0, 501, "{method}");
    }
    let nameless = reqwest::Client::new().post(format!(
        "{}/identitytoolkit.googleapis.com/v1/projects/demo/accounts",
        server.url()
    ));
    let answer = nameless.json(&json!({ "email": "a@b.c" })).send().await;
    assert_eq!(answer.expect("an answer").status(), 401);
}

#[tokio::test]
async fn a_link_verifies_its_address_once_and_in_time() {
    let server = server().await;
    call(&server, "accounts", json!({ "email": EMAIL })).await;
    let reset = link(&server, "PASSWORD_RESET").await;
    assert!(reset.contains("mode=resetPassword&oobCode="), "{reset}");
    let next = Some("https://app.test/reset?intent=shop_invite".to_owned());
    assert_eq!(follow(&reset).await, (StatusCode::SEE_OTHER, next));
    assert_eq!(user(&server).await["emailVerified"], true);
    assert_eq!(follow(&reset).await.0, StatusCode::BAD_REQUEST);

    let (late, lasting) = (
        link(&server, "PASSWORD_RESET").await,
        link(&server, "VERIFY_EMAIL").await,
    );
    server.clock().advance(Duration::from_hours(1));
    assert_eq!(follow(&late).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(follow(&lasting).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn people_and_their_links_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = || Config {
        data_dir: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let server = GcpLocal::start(config()).await.expect("it starts");
    call(&server, "accounts", json!({ "email": EMAIL })).await;
    let known = user(&server).await;
    let before = server.url().to_owned();
    let link = link(&server, "VERIFY_EMAIL").await;
    server.shutdown().await;

    let server = GcpLocal::start(config()).await.expect("it starts again");
    assert_eq!(user(&server).await, known);
    let moved = link.replace(&before, server.url());
    assert_eq!(follow(&moved).await.0, StatusCode::SEE_OTHER);
    server.shutdown().await;
}
