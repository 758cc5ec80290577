//! What becomes of each kind of token.

use std::sync::atomic::Ordering;

use http::{Method, StatusCode};

use crate::app::{Answer, App, request};

async fn with(app: &App, path: &str, authorization: &str) -> Answer {
    app.send(request(
        Method::GET,
        path,
        &[("authorization", authorization)],
        "",
    ))
    .await
}

#[tokio::test]
async fn a_valid_token_names_the_caller() {
    assert_eq!(with(&App::start(), "/me", "Bearer ana").await.json(), "ana");
}

#[tokio::test]
async fn an_invalid_token_is_nobodys() {
    let app = App::start();
    for token in ["Bearer expired", "Bearer forged"] {
        assert_eq!(with(&app, "/shops", token).await.status, StatusCode::OK);
        let protected = with(&app, "/me", token).await;
        assert_eq!(protected.status, StatusCode::UNAUTHORIZED);
        assert_eq!(protected.code(), "auth.required");
    }
}

#[tokio::test]
async fn the_scheme_is_matched_to_the_letter() {
    let app = App::start();
    for other in [
        "bearer ana",
        "BEARER ana",
        "Bearer  ana",
        "Bearer",
        "Bearer ",
        "Basic ana",
        "ana",
    ] {
        assert_eq!(
            with(&app, "/me", other).await.status,
            StatusCode::UNAUTHORIZED,
            "{other:?}"
        );
    }
    assert_eq!(app.asked_identity.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_without_email_is_refused_on_public_paths_too() {
    let answer = with(&App::start(), "/shops", "Bearer no-email").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "auth.no_email");
}

#[tokio::test]
async fn a_database_that_is_away_is_not_mistaken_for_nobody() {
    for path in ["/shops", "/me"] {
        let answer = with(&App::start(), path, "Bearer database-away").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            answer.json()["message"],
            "Base de datos temporalmente no disponible."
        );
    }
}
