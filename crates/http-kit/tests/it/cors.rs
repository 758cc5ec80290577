//! Which pages are let in, and what preflights are told.

use http::{Method, StatusCode};

use crate::app::{App, OWN_PAGE, request};

#[tokio::test]
async fn our_pages_and_the_configured_ones_are_let_in_to_the_letter() {
    let app = App::start();
    let allowed = [
        "http://localhost:5173",
        "https://avellaneda-en-vivo.web.app",
        OWN_PAGE,
        "https://www.avellanedaenvivo.com.ar",
        "https://extra.example",
    ];
    for origin in allowed {
        let answer = app
            .send(request(Method::GET, "/shops", &[("origin", origin)], ""))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(
            answer.header("access-control-expose-headers"),
            Some(
                "ETag,Retry-After,X-Cache,X-Cache-Store,X-Next-Cursor,X-RateLimit-Remaining,X-RateLimit-Store,X-Realtime-Cursor,X-Request-Id"
            )
        );
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let refused = [
        "https://AVELLANEDAENVIVO.com.ar",
        "https://avellanedaenvivo.com.ar/",
        "http://avellanedaenvivo.com.ar",
        "https://avellanedaenvivo.com.ar.evil.example",
        "null",
        "",
    ];
    for origin in refused {
        let answer = app
            .send(request(Method::GET, "/shops", &[("origin", origin)], ""))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_page_of_the_same_host_is_let_in_however_the_host_is_named() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], StatusCode);
    let page = "https://api.example:8443";
    let cases: [Case<'_>; 4] = [
        (
            "/shops",
            &[("origin", page), ("host", "api.example:8443")],
            StatusCode::OK,
        ),
        // As HTTP/2 has it.
        (
            "https://api.example:8443/shops",
            &[("origin", page)],
            StatusCode::OK,
        ),
        (
            "https://other.example/shops",
            &[("origin", page), ("host", "api.example:8443")],
            StatusCode::FORBIDDEN,
        ),
        ("/shops", &[("origin", page)], StatusCode::FORBIDDEN),
    ];
    for (uri, headers, status) in cases {
        let answer = App::start()
            .send(request(Method::GET, uri, headers, ""))
            .await;
        assert_eq!(answer.status, status, "{uri} {headers:?}");
    }
}

#[tokio::test]
async fn requests_without_an_origin_pass_and_still_vary_by_it() {
    let answer = App::start().get("/shops").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert!(answer.varies_by("Origin"));
}

#[tokio::test]
async fn preflights_are_answered_on_any_path_and_never_counted() {
    let app = App::start();
    for _ in 0..10 {
        let headers = [
            ("origin", OWN_PAGE),
            ("access-control-request-method", "DELETE"),
            (
                "access-control-request-headers",
                "authorization, content-type, x-new",
            ),
            ("authorization", "Bearer suspended"),
        ];
        let answer = app
            .send(request(Method::OPTIONS, "/anything/at/all", &headers, ""))
            .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(methods, Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
        let echoed = answer.header("access-control-allow-headers");
        assert_eq!(echoed, Some("authorization, content-type, x-new"));
        assert_eq!(answer.header("access-control-allow-origin"), Some(OWN_PAGE));
        assert_eq!(answer.header("content-length"), Some("0"));
        assert_eq!(answer.header("x-ratelimit-remaining"), None);
    }
}

#[tokio::test]
async fn preflights_of_foreign_pages_are_refused() {
    let headers = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "PUT"),
    ];
    let answer = App::start()
        .send(request(Method::OPTIONS, "/shops", &headers, ""))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.header("access-control-allow-methods"), None);
}
