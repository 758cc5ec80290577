//! Validators, conditional reads, HEAD.

use http::{Method, StatusCode};

use crate::app::{App, request};

#[tokio::test]
async fn a_client_that_has_the_answer_gets_304_without_a_body() {
    let app = App::start();
    let first = app.get("/shops/by-letter").await;
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with("W/\""));
    assert_eq!(
        first.header("content-type"),
        Some("application/json; charset=utf-8")
    );

    let strong = etag.trim_start_matches("W/").to_owned();
    for known in [etag, &strong, "*", &format!("\"old\", {etag}")] {
        let again = request(
            Method::GET,
            "/shops/by-letter",
            &[("if-none-match", known)],
            "",
        );
        let again = app.send(again).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{known}");
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), Some(etag));
        assert_eq!(again.header("content-type"), None);
    }
    let other = request(
        Method::GET,
        "/shops/by-letter",
        &[("if-none-match", "\"old\"")],
        "",
    );
    assert_eq!(app.send(other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_reads_and_only_successes_are_conditional() {
    let app = App::start();
    let any = [("if-none-match", "*"), ("content-type", "application/json")];
    assert_eq!(
        app.send(request(Method::POST, "/echo", &any, "{}"))
            .await
            .status,
        StatusCode::OK
    );
    let missing = app.send(request(Method::GET, "/nowhere", &any, "")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn head_is_answered_for_every_get_without_a_body() {
    let app = App::start();
    let get = app.get("/shops/abc").await;
    let head = app.send(request(Method::HEAD, "/shops/abc", &[], "")).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    assert_eq!(head.header("etag"), get.header("etag"));
    assert_eq!(head.header("content-length"), Some("5"));

    let missing = app.send(request(Method::HEAD, "/echo", &[], "")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
