//! Signed URLs, as a browser uses them and as an attacker would.

use std::time::Duration;

use http::Method;
use reqwest::{Response, StatusCode};

use super::bench::{Bench, RESOURCE, header, noise, refused};

const RANGE: &str = "x-goog-content-length-range";

/// An upload of at most ten bytes of video, that must not replace anything.
async fn upload_url(bench: &Bench) -> String {
    let url = bench
        .signing(Method::PUT, "uploads/u 1/ví+deo.mp4")
        .with_header("content-type", "video/mp4")
        .with_header(RANGE, "2,10")
        .with_header("x-goog-if-generation-match", "0");
    bench.sign(url).await
}

struct Sent {
    url: String,
    content_type: Option<&'static str>,
    range: Option<&'static str>,
    body: &'static str,
}

impl Sent {
    /// What the page should send.
    fn to(url: String) -> Self {
        Self {
            url,
            content_type: Some("video/mp4"),
            range: Some("2,10"),
            body: "12345",
        }
    }

    async fn send(self, bench: &Bench, method: Method) -> Response {
        let mut request = bench
            .http
            .request(method, self.url)
            .header("x-goog-if-generation-match", "0");
        if let Some(content_type) = self.content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(range) = self.range {
            request = request.header(RANGE, range);
        }
        request.body(self.body).send().await.expect("an answer")
    }
}

#[tokio::test]
async fn a_signed_upload_stores_what_was_sent() {
    let bench = Bench::start().await;
    let stored = Sent::to(upload_url(&bench).await)
        .send(&bench, Method::PUT)
        .await;
    assert_eq!(stored.status(), StatusCode::OK);
    assert_eq!(
        header(&stored, "etag"),
        "\"827ccb0eea8a706c4c34a16891f84e7b\""
    );
    let generation = header(&stored, "x-goog-generation").parse::<i64>().unwrap();
    let get = bench
        .control
        .get_object()
        .set_bucket(RESOURCE)
        .set_object("uploads/u 1/ví+deo.mp4");
    let object = get.send().await.unwrap();
    assert_eq!((object.generation, object.size), (generation, 5));
    assert_eq!(object.content_type, "video/mp4");

    let again = Sent::to(upload_url(&bench).await)
        .send(&bench, Method::PUT)
        .await;
    refused(again, 412, "PreconditionFailed").await;
}

#[tokio::test]
async fn a_changed_request_does_not_match_its_signature() {
    let bench = Bench::start().await;
    let url = upload_url(&bench).await;
    let forged = url.replace("X-Goog-Signature=", "X-Goog-Signature=00");
    let other_object = url.replace("deo.mp4", "other.mp4");
    let longer = url.replace("X-Goog-Expires=600", "X-Goog-Expires=6000");
    for url in [forged, other_object, longer] {
        let answer = Sent::to(url).send(&bench, Method::PUT).await;
        refused(answer, 403, "SignatureDoesNotMatch").await;
    }
    let answer = Sent::to(url.clone()).send(&bench, Method::DELETE).await;
    refused(answer, 403, "SignatureDoesNotMatch").await;
    let wrong_type = Sent {
        content_type: Some("text/html"),
        ..Sent::to(url.clone())
    };
    refused(
        wrong_type.send(&bench, Method::PUT).await,
        403,
        "SignatureDoesNotMatch",
    )
    .await;
    let wider = Sent {
        range: Some("0,1000000"),
        ..Sent::to(url)
    };
    refused(
        wider.send(&bench, Method::PUT).await,
        403,
        "SignatureDoesNotMatch",
    )
    .await;
}

#[tokio::test]
async fn a_signed_header_that_is_missing_is_an_error() {
    let bench = Bench::start().await;
    let url = upload_url(&bench).await;
    let untyped = Sent {
        content_type: None,
        ..Sent::to(url.clone())
    };
    refused(
        untyped.send(&bench, Method::PUT).await,
        400,
        "MalformedSecurityHeader",
    )
    .await;
    let unbounded = Sent {
        range: None,
        ..Sent::to(url)
    };
    refused(
        unbounded.send(&bench, Method::PUT).await,
        400,
        "MalformedSecurityHeader",
    )
    .await;
}

#[tokio::test]
async fn an_extension_header_that_was_not_signed_is_an_error() {
    let bench = Bench::start().await;
    let url = bench.sign(bench.signing(Method::PUT, "a")).await;
    let sly = bench
        .http
        .put(&url)
        .header("x-goog-acl", "public-read")
        .body("x")
        .send()
        .await;
    refused(sly.unwrap(), 400, "MalformedSecurityHeader").await;
}

#[tokio::test]
async fn a_body_outside_the_signed_length_is_refused_however_it_comes() {
    let bench = Bench::start().await;
    let url = upload_url(&bench).await;
    let short = Sent {
        body: "1",
        ..Sent::to(url.clone())
    };
    refused(short.send(&bench, Method::PUT).await, 400, "EntityTooSmall").await;
    let long = Sent {
        body: "12345678901",
        ..Sent::to(url.clone())
    };
    refused(long.send(&bench, Method::PUT).await, 400, "EntityTooLarge").await;

    let parts = (0..40).map(|_| Ok::<_, std::io::Error>(noise(1000)));
    let chunked = bench
        .http
        .put(&url)
        .header("content-type", "video/mp4")
        .header(RANGE, "2,10")
        .header("x-goog-if-generation-match", "0")
        .body(reqwest::Body::wrap_stream(futures::stream::iter(parts)));
    refused(chunked.send().await.unwrap(), 400, "EntityTooLarge").await;

    let stored = Sent::to(url).send(&bench, Method::PUT).await;
    assert_eq!(stored.status(), StatusCode::OK, "nothing was stored before");
}

#[tokio::test]
async fn a_url_ends_when_it_says() {
    let bench = Bench::start().await;
    let url = upload_url(&bench).await;
    bench.server.clock().advance(Duration::from_secs(601));
    let late = Sent::to(url).send(&bench, Method::PUT).await;
    refused(late, 400, "ExpiredToken").await;
    let eternal = bench
        .signing(Method::GET, "a")
        .with_expiration(Duration::from_secs(604_801));
    let eternal = bench
        .http
        .get(bench.sign(eternal).await)
        .send()
        .await
        .unwrap();
    refused(eternal, 400, "InvalidArgument").await;
}

#[tokio::test]
async fn signed_reads_serve_ranges_and_chosen_headers() {
    let bench = Bench::start().await;
    bench.put("private.mp4", "0123456789").await;
    let url = bench
        .signing(Method::GET, "private.mp4")
        .with_query_param(
            "response-content-disposition",
            "attachment; filename=\"a.mp4\"",
        )
        .with_query_param("response-content-type", "video/mp4");
    let url = bench.sign(url).await;
    let part = bench
        .http
        .get(&url)
        .header("range", "bytes=2-4")
        .send()
        .await
        .unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 2-4/10");
    assert_eq!(header(&part, "content-type"), "video/mp4");
    assert_eq!(
        header(&part, "content-disposition"),
        "attachment; filename=\"a.mp4\""
    );
    assert_eq!(header(&part, "cache-control"), "private, max-age=0");
    assert_eq!(part.text().await.unwrap(), "234");

    let head = bench.sign(bench.signing(Method::HEAD, "private.mp4")).await;
    let head = bench.http.head(head).send().await.unwrap();
    assert_eq!(
        (head.status(), header(&head, "content-length")),
        (StatusCode::OK, "10")
    );

    let missing = bench.sign(bench.signing(Method::GET, "nope")).await;
    refused(
        bench.http.get(missing).send().await.unwrap(),
        404,
        "NoSuchKey",
    )
    .await;
}

#[tokio::test]
async fn a_signed_delete_deletes() {
    let bench = Bench::start().await;
    bench.put("gone", "x").await;
    let url = bench.sign(bench.signing(Method::DELETE, "gone")).await;
    let deleted = bench.http.delete(&url).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    refused(
        bench.http.delete(&url).send().await.unwrap(),
        404,
        "NoSuchKey",
    )
    .await;
}

#[tokio::test]
async fn a_signed_start_opens_a_resumable_upload_for_the_page() {
    let bench = Bench::start().await;
    let start = bench
        .signing(Method::POST, "uploads/large é.mp4")
        .with_header("content-type", "video/mp4")
        .with_header(RANGE, "0,524288")
        .with_header("x-goog-resumable", "start");
    let url = bench.sign(start).await;
    let started = bench
        .http
        .post(&url)
        .header("content-type", "video/mp4")
        .header(RANGE, "0,524288")
        .header("x-goog-resumable", "start")
        .send()
        .await
        .unwrap();
    assert_eq!(started.status(), StatusCode::CREATED);
    let session = header(&started, "location").to_owned();
    assert!(
        session.starts_with(&bench.url("uploads/large%20%C3%A9.mp4?upload_id=")),
        "{session}"
    );

    let chunk = |range: &'static str, length: usize| {
        bench
            .http
            .put(&session)
            .header("content-range", range)
            .body(noise(length))
            .send()
    };
    let first = chunk("bytes 0-262143/*", 262_144).await.unwrap();
    assert_eq!(first.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(header(&first, "range"), "bytes=0-262143");
    let last = chunk("bytes 262144-262144/262145", 1).await.unwrap();
    assert_eq!(last.status(), StatusCode::OK);
    assert!(!header(&last, "x-goog-generation").is_empty());
    let get = bench
        .control
        .get_object()
        .set_bucket(RESOURCE)
        .set_object("uploads/large é.mp4");
    assert_eq!(get.send().await.unwrap().content_type, "video/mp4");
}

#[tokio::test]
async fn a_resumable_upload_cannot_outgrow_its_signed_length() {
    let bench = Bench::start().await;
    let start = bench
        .signing(Method::POST, "bounded")
        .with_header(RANGE, "0,10")
        .with_header("x-goog-resumable", "start");
    let url = bench.sign(start).await;
    let started = bench
        .http
        .post(&url)
        .header(RANGE, "0,10")
        .header("x-goog-resumable", "start");
    let session = header(&started.send().await.unwrap(), "location").to_owned();
    let long = bench
        .http
        .put(&session)
        .body("12345678901")
        .send()
        .await
        .unwrap();
    refused(long, 400, "EntityTooLarge").await;
    let ended = bench.http.put(&session).body("1").send().await.unwrap();
    refused(ended, 404, "NoSuchUpload").await;
}

#[tokio::test]
async fn nobody_writes_without_a_signature() {
    let bench = Bench::start().await;
    let anonymous = bench
        .http
        .put(bench.url("a"))
        .body("x")
        .send()
        .await
        .unwrap();
    refused(anonymous, 403, "AccessDenied").await;
    let stranger = Bench::start().await;
    let url = stranger
        .signing(Method::PUT, "a")
        .with_endpoint(bench.server.url());
    let forged = bench
        .http
        .put(stranger.sign(url).await)
        .body("x")
        .send()
        .await
        .unwrap();
    refused(forged, 403, "SignatureDoesNotMatch").await;
    let unknown = bench
        .signing(Method::PUT, "a")
        .with_client_email("x@y.iam.gserviceaccount.com");
    let unknown = bench
        .http
        .put(bench.sign(unknown).await)
        .body("x")
        .send()
        .await
        .unwrap();
    refused(unknown, 403, "AccessDenied").await;
}
