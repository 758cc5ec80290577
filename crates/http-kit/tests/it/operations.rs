//! Probes and metrics.

use std::{sync::Arc, time::Duration};

use avvivo_http_kit::operations::{Operations, router};
use avvivo_service_kit::{
    Lifecycle, Metrics,
    config::HealthcheckToken,
    health::{Down, HealthRegistry, Importance},
};
use http::{Method, StatusCode};
use tower::ServiceExt;

use crate::app::{Answer, App, answer, request};

type Headers<'a> = &'a [(&'a str, &'a str)];

const SECOND: Duration = Duration::from_secs(1);

async fn ask(
    token: Option<&str>,
    database: Result<(), Down>,
    path: &str,
    headers: Headers<'_>,
) -> Answer {
    let token = match token {
        Some(token) => HealthcheckToken::Set(token.into()),
        None => HealthcheckToken::Unneeded,
    };
    let asks = request(Method::GET, path, headers, "");
    send(token, database, asks).await
}

async fn send(
    token: HealthcheckToken,
    database: Result<(), Down>,
    asks: axum::extract::Request,
) -> Answer {
    let lifecycle = Lifecycle::new(SECOND);
    lifecycle.set_ready();
    let health = HealthRegistry::new(lifecycle.readiness())
        .with(
            "postgres",
            Importance::Required,
            SECOND,
            move || async move { database },
        )
        .with("redis", Importance::Optional, SECOND, || async {
            Err("redis.unavailable".into())
        });
    let operations = Operations {
        health: Arc::new(health),
        metrics: Metrics::isolated().unwrap(),
        token,
    };
    answer(router(operations).oneshot(asks).await.unwrap()).await
}

const AWAY: Result<(), Down> = Err(Down {
    code: "postgres.unavailable",
});

#[tokio::test]
async fn health_says_only_that_the_process_lives() {
    let answer = ask(None, AWAY, "/health", &[]).await;
    assert_eq!(
        (answer.status, answer.json()["status"].as_str()),
        (StatusCode::OK, Some("ok"))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn ready_follows_the_required_dependencies() {
    let up = ask(None, Ok(()), "/ready", &[]).await;
    assert_eq!(up.status, StatusCode::OK);
    let down = ask(None, AWAY, "/ready", &[]).await;
    assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(down.code(), "service.not_ready");
}

#[tokio::test]
async fn details_are_told_to_whoever_has_the_token() {
    let bearer = ("authorization", "Bearer s3cret");
    let header = ("x-healthcheck-token", "s3cret");
    for trusted in [bearer, header] {
        let up = ask(Some("s3cret"), Ok(()), "/ready", &[trusted])
            .await
            .json();
        assert_eq!(up["dependencies"][0]["name"], "postgres");
        assert_eq!(up["dependencies"][1]["code"], "redis.unavailable");
        let down = ask(Some("s3cret"), AWAY, "/ready", &[trusted]).await.json();
        assert_eq!(down["dependencies"][0]["up"], false);
    }
    let strangers: [(Option<&str>, Headers<'_>); 5] = [
        (Some("s3cret"), &[]),
        (Some("s3cret"), &[("x-healthcheck-token", "s3cre")]),
        (Some("s3cret"), &[("x-healthcheck-token", "wrong"), bearer]),
        (Some(""), &[("x-healthcheck-token", "")]),
        (None, &[header]),
    ];
    for (token, headers) in strangers {
        for database in [Ok(()), AWAY] {
            let answer = ask(token, database, "/ready", headers).await.json();
            assert!(answer.get("dependencies").is_none(), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn metrics_ask_for_the_token_where_there_is_one() {
    let open = ask(None, Ok(()), "/metrics", &[]).await;
    assert_eq!(open.status, StatusCode::OK);
    assert!(
        open.header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let closed = ask(Some("s3cret"), Ok(()), "/metrics", &[]).await;
    assert_eq!(closed.status, StatusCode::UNAUTHORIZED);
    let trusted = ask(
        Some("s3cret"),
        Ok(()),
        "/metrics",
        &[("authorization", "Bearer s3cret")],
    )
    .await;
    assert_eq!(trusted.status, StatusCode::OK);
}

#[tokio::test]
async fn without_a_token_production_has_no_metrics() {
    let asks = request(
        Method::GET,
        "/metrics",
        &[("x-healthcheck-token", "guess")],
        "",
    );
    let answer = send(HealthcheckToken::Missing, Ok(()), asks).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::NOT_FOUND, "route.not_found")
    );
    let asks = request(Method::GET, "/ready", &[], "");
    let ready = send(HealthcheckToken::Missing, Ok(()), asks).await;
    assert_eq!(ready.status, StatusCode::OK);
}

#[tokio::test]
async fn other_methods_are_unknown_in_the_same_words_as_elsewhere() {
    for path in ["/health", "/ready", "/metrics"] {
        let asks = request(Method::POST, path, &[], "");
        let answer = send(HealthcheckToken::Unneeded, Ok(()), asks).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_FOUND, "route.not_found"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn probes_stand_beside_the_pipeline() {
    let operations = Operations {
        health: Arc::new(HealthRegistry::new(Lifecycle::new(SECOND).readiness())),
        metrics: Metrics::isolated().unwrap(),
        token: HealthcheckToken::Unneeded,
    };
    let service = App::start().router.merge(router(operations));
    let status = async |path: &str, headers: Headers<'_>| {
        let asks = request(Method::GET, path, headers, "");
        service.clone().oneshot(asks).await.unwrap().status()
    };
    let suspended = [("authorization", "Bearer suspended")];
    assert_eq!(status("/health", &suspended).await, StatusCode::OK);
    assert_eq!(
        status("/ready", &[]).await,
        StatusCode::SERVICE_UNAVAILABLE,
        "not started"
    );
    assert_eq!(status("/shops", &[]).await, StatusCode::OK);
    assert_eq!(status("/shops", &suspended).await, StatusCode::FORBIDDEN);
    assert_eq!(status("/nowhere", &[]).await, StatusCode::NOT_FOUND);
}
