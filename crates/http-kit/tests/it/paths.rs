//! How paths find their routes.

use http::{Method, StatusCode};

use crate::app::{App, request};

#[tokio::test]
async fn case_and_a_slash_at_the_end_make_no_difference_to_literals() {
    let app = App::start();
    for path in ["/shops", "/Shops", "/shops/", "/SHOPS/"] {
        assert_eq!(app.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(
        app.get("/Shops/By-LETTER/?letter=Z").await.json(),
        "letters"
    );
    assert_eq!(app.get("/shops//").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn parameters_reach_the_handler_as_they_were_sent() {
    let app = App::start();
    assert_eq!(app.get("/SHOPS/AbC-1").await.json(), "AbC-1");
    assert_eq!(app.get("/shops/Caf%C3%A9%2FX/").await.json(), "Café/X");
    assert_eq!(app.post("/Shops/AbC/ACCEPT", "").await.json(), "AbC");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found_in_json() {
    let app = App::start();
    let cases = [
        (Method::GET, "/"),
        (Method::GET, "/nowhere"),
        (Method::DELETE, "/shops"),
        (Method::GET, "/echo"),
        (Method::PATCH, "/shops/1"),
    ];
    for (method, path) in cases {
        let answer = app.send(request(method.clone(), path, &[], "")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.code(), "route.not_found");
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("allow"), None);
    }
}

#[tokio::test]
async fn paths_that_do_not_decode_are_bad_requests() {
    let app = App::start();
    for path in ["/shops/%", "/shops/%f", "/shops/%ff", "/nowhere/%zz"] {
        let answer = app.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "request.bad_path")
        );
    }
}
