//! Which of two things a client is told: each consequence of the order of the steps.

use std::sync::atomic::Ordering;

use http::{Method, StatusCode};

use crate::app::{App, OWN_PAGE, request};

const JSON: (&str, &str) = ("content-type", "application/json");
const FOREIGN: (&str, &str) = ("origin", "https://evil.example");

#[tokio::test]
async fn a_refused_page_hides_everything_else() {
    let app = App::start();
    for _ in 0..10 {
        let headers = [JSON, FOREIGN, ("authorization", "Bearer suspended")];
        let answer = app
            .send(request(Method::POST, "/%zz", &headers, "{broken"))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.code(), "cors.origin_refused");
        assert_eq!(answer.header("x-ratelimit-remaining"), None);
    }
    assert_eq!(app.asked_identity.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_malformed_body_is_told_before_the_limit_and_before_who_asks() {
    let app = App::start();
    for _ in 0..10 {
        let headers = [JSON, ("authorization", "Bearer suspended")];
        let answer = app
            .send(request(Method::POST, "/nowhere", &headers, "{broken"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.code(), "request.malformed_json");
        assert_eq!(answer.header("x-ratelimit-remaining"), None, "not counted");
    }
    assert_eq!(app.asked_identity.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_limit_comes_before_who_asks() {
    let app = App::start();
    let asks = || {
        request(
            Method::POST,
            "/echo",
            &[("authorization", "Bearer suspended")],
            "",
        )
    };
    for remaining in ["2", "1", "0"] {
        let answer = app.send(asks()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(
            answer.header("x-ratelimit-remaining"),
            Some(remaining),
            "told on refusals too"
        );
    }
    let answer = app.send(asks()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.asked_identity.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_suspended_account_is_refused_on_every_path() {
    let app = App::start();
    for path in ["/shops", "/me", "/nowhere", "/%zz"] {
        let bearer = [("authorization", "Bearer suspended")];
        let answer = app.send(request(Method::GET, path, &bearer, "")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "auth.suspended")
        );
        assert_eq!(answer.header("x-cache"), None, "{path}");
    }
}

#[tokio::test]
async fn a_bad_path_is_told_after_the_limit() {
    let app = App::start();
    for _ in 0..3 {
        let answer = app.post("/shops/%zz", "").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "request.bad_path")
        );
        assert!(answer.header("x-ratelimit-remaining").is_some());
    }
    assert_eq!(
        app.post("/shops/%zz", "").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn guards_come_after_identity_and_before_the_handler() {
    let app = App::start();
    let status = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let asks = request(Method::GET, "/admin", &[("authorization", &bearer)], "");
        app.send(asks).await.status
    };
    assert_eq!(status("expired").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("ana").await, StatusCode::FORBIDDEN);
    assert_eq!(status("admin").await, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_to_one_of_our_pages_can_be_read_by_it() {
    let app = App::start();
    let cases = [
        ("/shops", "", "", StatusCode::OK),
        ("/nowhere", "", "", StatusCode::NOT_FOUND),
        ("/boom", "", "", StatusCode::INTERNAL_SERVER_ERROR),
        ("/shops", "Bearer suspended", "", StatusCode::FORBIDDEN),
        ("/shops", "Bearer no-email", "", StatusCode::UNAUTHORIZED),
        (
            "/shops",
            "Bearer database-away",
            "",
            StatusCode::SERVICE_UNAVAILABLE,
        ),
        ("/shops", "", "{", StatusCode::BAD_REQUEST),
        ("/%", "", "", StatusCode::BAD_REQUEST),
    ];
    for (path, token, body, status) in cases {
        let headers = [JSON, ("origin", OWN_PAGE), ("authorization", token)];
        let answer = app.send(request(Method::GET, path, &headers, body)).await;
        assert_eq!(answer.status, status, "{path} {token}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(OWN_PAGE));
        assert!(answer.varies_by("Origin"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-powered-by"), None);
    }
}
