//! What errors look like, and what is kept from clients.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::app::{App, OWN_PAGE, request};

#[tokio::test]
async fn every_problem_has_the_same_members() {
    let answer = App::start().get("/fails/conflict").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:avvivo:problem:test.failure");
    assert_eq!(problem["status"], 409);
    assert_eq!(problem["code"], "test.failure");
    assert_eq!(
        problem["message"],
        "Base de datos temporalmente no disponible."
    );
    assert_eq!(problem["instance"].as_str(), answer.header("x-request-id"));
    assert!(problem["title"].is_string());
}

#[tokio::test]
async fn our_own_defects_are_not_told() {
    let answer = App::start().get("/fails/internal").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(
        !text.contains("query") && !text.contains("secret-host"),
        "{text}"
    );
    assert_eq!(answer.code(), "test.failure");
}

#[tokio::test]
async fn a_panic_is_a_500_that_the_page_can_read() {
    let app = App::start();
    let asks = request(Method::POST, "/boom", &[("origin", OWN_PAGE)], "");
    let answer = app.send(asks).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code(), "internal");
    assert!(
        !String::from_utf8(answer.body.clone())
            .unwrap()
            .contains("kaboom")
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some(OWN_PAGE));
}

#[tokio::test]
async fn a_problem_can_carry_members_of_its_own_but_not_replace_the_standard_ones() {
    use avvivo_http_kit::Problem;
    use avvivo_kernel::ErrorKind;
    use axum::response::IntoResponse;

    let problem = Problem::new(ErrorKind::Invalid, "intake.invalid", "Revisá los datos.")
        .member(
            "fieldErrors",
            serde_json::json!({ "street": "Falta la calle." }),
        )
        .member("ok", false)
        .member("status", 200);
    let answer = crate::app::answer(problem.into_response()).await.json();
    assert_eq!(answer["fieldErrors"]["street"], "Falta la calle.");
    assert_eq!(answer["ok"], false);
    assert_eq!(answer["status"], 400);
    assert_eq!(answer["instance"], Value::Null);
}
