//! What the platform asks: alive, ready, and why not.

use http::StatusCode;

use crate::support::{HEALTHCHECK_TOKEN, TestApp, people::keys};

#[tokio::test]
async fn alive_and_ready_are_told_to_everybody_and_details_to_those_with_the_token() {
    let app = TestApp::start().await;
    app.hears_events().await;
    let alive = app.get("/health").await;
    assert_eq!(alive.ok().to_string(), r#"{"status":"ok"}"#);
    assert_eq!(alive.header("cache-control"), Some("no-store"));
    for header in [None, Some("wrong"), Some("")] {
        let asked = app.get("/ready");
        let answer = match header {
            Some(token) => asked.header("x-healthcheck-token", token).await,
            None => asked.await,
        };
        assert_eq!(
            answer.ok().to_string(),
            r#"{"status":"ready"}"#,
            "{header:?}"
        );
    }
    let details = app.get("/ready").bearer(HEALTHCHECK_TOKEN).await.ok();
    let told: Vec<String> = details["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| format!("{} up={} required={}", d["name"], d["up"], d["required"]))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "postgres" up=true required=true
    "event_bus" up=true required=false
    "redis" up=true required=false
    "object_store" up=true required=false
    "token_keys" up=true required=false
    "service_keys" up=true required=false
    "outbox" up=true required=false
    "#);
}

#[tokio::test]
async fn an_api_on_its_way_out_is_alive_and_not_ready() {
    let app = TestApp::start().await;
    app.lifecycle.stop();
    assert_eq!(app.get("/health").await.status, StatusCode::OK);
    let unready = app.get("/ready").await;
    assert_eq!(unready.word(), "503 service.not_ready");
    assert!(!keys(&unready.json()).contains(&"dependencies"));
}

#[tokio::test]
async fn metrics_are_for_those_with_the_token() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/metrics").await.word(), "401 operations.token");
    app.get("/reels").await.ok();
    let metrics = app.get("/metrics").bearer(HEALTHCHECK_TOKEN).await;
    assert_eq!(metrics.status, StatusCode::OK);
    assert!(String::from_utf8_lossy(&metrics.body).contains("http_server_request_duration"));
}
