//! What bodies are taken, and what is said about the others.

use std::io::Write;

use avvivo_http_kit::Quota;
use axum::body::Body;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use futures::{StreamExt as _, poll, stream};
use http::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, App, request};

fn app() -> App {
    App::with_quota(Quota {
        max: 1000,
        ..Quota::default()
    })
}

async fn send(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    app().send(request(Method::POST, path, headers, body)).await
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// An object of exactly `bytes` bytes.
fn object_of(bytes: usize) -> String {
    let frame = r#"{"title":""}"#.len();
    format!(r#"{{"title":"{}"}}"#, "x".repeat(bytes - frame))
}

#[tokio::test]
async fn no_body_and_other_content_types_mean_no_fields() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("content-type", "application/json")], ""),
        (&[("content-type", "application/json")], "  \n"),
        (&[], ""),
        (&[("content-type", "text/plain")], "{broken"),
        (
            &[("content-type", "application/x-www-form-urlencoded")],
            "title=a",
        ),
    ];
    for (headers, body) in cases {
        let answer = send("/reels", headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{headers:?} {body}");
        assert_eq!(answer.json(), json!({ "title": null, "starts": [] }));
    }
}

#[tokio::test]
async fn the_content_type_may_carry_parameters_and_any_case() {
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;x=1",
    ] {
        let answer = send(
            "/reels",
            &[("content-type", kind)],
            r#"{"title":"ñ","new":1}"#,
        )
        .await;
        assert_eq!(answer.json()["title"], "ñ", "{kind}");
    }
}

#[tokio::test]
async fn what_is_not_an_object_or_array_is_malformed() {
    for body in [
        "{",
        "[1,]",
        "\"text\"",
        "7",
        "null",
        "true",
        "{} {}",
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
    ] {
        let answer = app().post("/echo", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.code(), "request.malformed_json", "{body}");
    }
    let not_text = app()
        .post("/echo", vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'])
        .await;
    assert_eq!(not_text.code(), "request.malformed_json");
    assert_eq!(app().post("/raw", "[1,2]").await.body, b"[1,2]");
}

#[tokio::test]
async fn an_array_has_no_fields() {
    for array in ["[]", " [\"a title\", []]", "[{\"title\":\"a\"}]"] {
        let answer = app().post("/reels", array).await;
        assert_eq!(answer.status, StatusCode::OK, "{array}");
        assert_eq!(answer.json(), json!({ "title": null, "starts": [] }));
    }
}

#[tokio::test]
async fn bodies_are_bounded_together_too() {
    let quota = Quota {
        max: 1000,
        ..Quota::default()
    };
    let app = App::with(quota, 150 * 1024);
    let half_sent =
        stream::iter([Ok::<_, std::io::Error>(object_of(90 * 1024))]).chain(stream::pending());
    let mut slow = Box::pin(app.post("/echo", Body::from_stream(half_sent)));
    assert!(poll!(&mut slow).is_pending());
    let crowded = app.post("/echo", object_of(90 * 1024)).await;
    assert_eq!(
        (crowded.status, crowded.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "request.crowded")
    );
    assert_eq!(crowded.header("retry-after"), Some("1"));
    let gzipped = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let bomb = gzip(object_of(90 * 1024).as_bytes());
    let compressed = request(Method::POST, "/echo", &gzipped, bomb);
    assert_eq!(app.send(compressed).await.code(), "request.crowded");
    let small = app.post("/echo", object_of(50 * 1024)).await;
    assert_eq!(small.status, StatusCode::OK);
    // Whoever hangs up makes room, and so does every answer.
    drop(slow);
    for _ in 0..5 {
        let answer = app.post("/echo", object_of(90 * 1024)).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn nesting_is_bounded() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(
        app().post("/echo", deep).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let answer = app()
        .post("/reels", r#"{"edits":[{"start":1},{"start":"x"}]}"#)
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let problem = answer.json();
    assert_eq!(problem["code"], "request.invalid_field");
    assert_eq!(problem["field"], "edits[1].start");
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("edits[1].start")
    );
}

#[tokio::test]
async fn bodies_are_limited_to_100_kib_unless_the_route_says_otherwise() {
    let limit = 100 * 1024;
    assert_eq!(
        app().post("/echo", object_of(limit)).await.status,
        StatusCode::OK
    );
    let answer = app().post("/echo", object_of(limit + 1)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "request.too_large");
    assert_eq!(
        app().post("/reels", object_of(1 << 20)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        app().post("/REELS/", object_of(1 << 20)).await.status,
        StatusCode::OK
    );
    let answer = app().post("/reels", object_of((1 << 20) + 1)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    let never = Body::from_stream(stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "9999999"),
    ];
    assert_eq!(
        send("/echo", &headers, never).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    let text = br#"{"title":"comprimido"}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(text).unwrap();
    for (coding, body) in [
        ("gzip", gzip(text)),
        ("GZIP", gzip(text)),
        ("deflate", zlib.finish().unwrap()),
    ] {
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", coding),
        ];
        assert_eq!(
            send("/reels", &headers, body.clone()).await.json()["title"],
            "comprimido"
        );
        assert_eq!(send("/raw", &headers, body).await.body, text);
    }
}

#[tokio::test]
async fn a_compressed_body_may_not_grow_over_the_limit() {
    let bomb = gzip(&vec![b' '; 50 << 20]);
    assert!(bomb.len() < 100 * 1024);
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    assert_eq!(
        send("/echo", &headers, bomb).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn broken_and_unknown_compression_is_refused() {
    let mut truncated = gzip(&b"{\"title\":\"abcdefgh\"}".repeat(9));
    truncated.truncate(20);
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(b"{}").unwrap();
    let cases = [
        ("gzip", truncated, "request.broken_encoding"),
        ("gzip", b"{}".to_vec(), "request.broken_encoding"),
        ("deflate", raw.finish().unwrap(), "request.broken_encoding"),
        ("br", b"{}".to_vec(), "request.unknown_encoding"),
        ("gzip, gzip", b"{}".to_vec(), "request.unknown_encoding"),
    ];
    for (coding, body, code) in cases {
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", coding),
        ];
        let answer = send("/echo", &headers, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{coding}"
        );
    }
}

#[tokio::test]
async fn the_raw_body_is_what_was_sent() {
    let text = "{ \"a\" : 1,\n\"b\":[ ] }";
    let answer = app().post("/raw", text).await;
    assert_eq!(answer.body, text.as_bytes());
}
