//! What a page sees without credentials: public objects, and the bucket's cross-origin rules.

use google_cloud_storage::model::Bucket;
use http::Method;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::bench::{BUCKET, Bench, header, refused};

const PAGE: &str = "https://avvivo.example";

/// The bucket with an object, made public the way production does it.
async fn public() -> Bench {
    let bench = Bench::start().await;
    bench.put("reel.mp4", "0123456789").await;
    let policy = json!({ "bindings": [
        { "role": "roles/storage.objectViewer", "members": ["allUsers"] },
    ] });
    let set = bench
        .http
        .put(bench.json_url("/iam"))
        .json(&policy)
        .send()
        .await;
    assert_eq!(set.expect("an answer").status(), StatusCode::OK);
    bench
}

#[tokio::test]
async fn anybody_reads_from_a_public_bucket_and_nobody_from_a_private_one() {
    let bench = Bench::start().await;
    bench.put("reel.mp4", "x").await;
    let url = bench.url("reel.mp4");
    refused(
        bench.http.get(&url).send().await.unwrap(),
        403,
        "AccessDenied",
    )
    .await;
    refused(
        bench.http.get(bench.url("nope")).send().await.unwrap(),
        403,
        "AccessDenied",
    )
    .await;

    let bench = public().await;
    let read = bench.http.get(bench.url("reel.mp4")).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
    assert_eq!(header(&read, "cache-control"), "public, max-age=3600");
    assert_eq!(header(&read, "accept-ranges"), "bytes");
    refused(
        bench.http.get(bench.url("nope")).send().await.unwrap(),
        404,
        "NoSuchKey",
    )
    .await;
}

#[tokio::test]
async fn a_bucket_or_an_object_can_be_created_public() {
    let bench = Bench::start().await;
    let create = format!(
        "{}/storage/v1/b?predefinedAcl=publicRead",
        bench.server.url()
    );
    bench
        .http
        .post(create)
        .json(&json!({ "name": "open-bucket" }))
        .send()
        .await
        .unwrap();
    let upload = format!("{}/upload/storage/v1/b/open-bucket/o", bench.server.url());
    let upload = bench
        .http
        .post(upload)
        .query(&[("uploadType", "media"), ("name", "a")]);
    upload.body("open").send().await.unwrap();
    let read = bench
        .http
        .get(format!("{}/open-bucket/a", bench.server.url()))
        .send()
        .await;
    assert_eq!(read.unwrap().text().await.unwrap(), "open");

    let query = "uploadType=media&name=shown&predefinedAcl=publicRead";
    bench
        .http
        .post(bench.upload_url(query))
        .body("shown")
        .send()
        .await
        .unwrap();
    let read = bench.http.get(bench.url("shown")).send().await.unwrap();
    assert_eq!(read.text().await.unwrap(), "shown");
}

#[tokio::test]
async fn the_official_client_creates_public_buckets_too() {
    let bench = Bench::start().await;
    let create = bench.control.create_bucket().set_parent("projects/_");
    let create = create
        .set_bucket_id("public-media")
        .set_bucket(Bucket::new());
    let create = create.set_predefined_default_object_acl("publicRead");
    create.send().await.unwrap();
    let resource = "projects/_/buckets/public-media";
    let upload = bench
        .storage
        .write_object(resource, "a b/reel.mp4", "bytes");
    upload.send_buffered().await.unwrap();
    let url = format!("{}/public-media/a%20b/reel.mp4", bench.server.url());
    let read = bench.http.get(url).send().await.unwrap();
    assert_eq!(read.text().await.unwrap(), "bytes");
}

#[tokio::test]
async fn a_player_seeks_in_a_public_video() {
    let bench = public().await;
    let url = bench.url("reel.mp4");
    for (range, content_range, body) in [
        ("bytes=0-1", "bytes 0-1/10", "01"),
        ("bytes=-2", "bytes 8-9/10", "89"),
    ] {
        let part = bench
            .http
            .get(&url)
            .header("range", range)
            .send()
            .await
            .unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(header(&part, "content-range"), content_range);
        assert_eq!(part.text().await.unwrap(), body);
    }
    let beyond = bench
        .http
        .get(&url)
        .header("range", "bytes=10-")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&beyond, "content-range"), "bytes */10");
    refused(beyond, 416, "InvalidRange").await;
    let head = bench.http.head(&url).send().await.unwrap();
    assert_eq!(header(&head, "content-length"), "10");
    let etag = header(&head, "etag").to_owned();
    let known = bench
        .http
        .get(&url)
        .header("if-none-match", etag)
        .send()
        .await
        .unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn names_never_become_paths() {
    let bench = public().await;
    let escape = "../../service-account.json";
    bench.put(escape, "only a name").await;
    assert_eq!(bench.read(escape).await, b"only a name");
    let encoded = bench.url("..%2F..%2Fservice-account.json");
    let read = bench.http.get(encoded).send().await.unwrap();
    assert_eq!(read.text().await.unwrap(), "only a name");
    let elsewhere = format!("{}/{BUCKET}/%2e%2e%2fgcp-local.sqlite3", bench.server.url());
    refused(
        bench.http.get(elsewhere).send().await.unwrap(),
        404,
        "NoSuchKey",
    )
    .await;
}

async fn preflight(bench: &Bench, url: &str, origin: &str, headers: &str) -> reqwest::Response {
    bench
        .http
        .request(Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", headers)
        .send()
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_preflight_allows_what_the_bucket_allows() {
    let bench = Bench::start().await;
    bench.allow_origin(PAGE).await;
    let asked = "content-type,x-goog-content-length-range";
    let allowed = preflight(&bench, &bench.url("a"), PAGE, asked).await;
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(header(&allowed, "access-control-allow-origin"), PAGE);
    assert_eq!(
        header(&allowed, "access-control-allow-methods"),
        "GET,HEAD,PUT,POST"
    );
    assert_eq!(header(&allowed, "access-control-allow-headers"), asked);
    for (origin, headers) in [("https://evil.example", asked), (PAGE, "x-goog-acl")] {
        let refused = preflight(&bench, &bench.url("a"), origin, headers).await;
        assert_eq!(
            header(&refused, "access-control-allow-origin"),
            "",
            "{origin} {headers}"
        );
    }
    let other = preflight(
        &bench,
        &format!("{}/nowhere/a", bench.server.url()),
        PAGE,
        asked,
    )
    .await;
    assert_eq!(header(&other, "access-control-allow-origin"), "");
}

#[tokio::test]
async fn answers_and_errors_are_readable_by_the_allowed_page() {
    let bench = Bench::start().await;
    bench.allow_origin(PAGE).await;
    let url = bench
        .signing(Method::PUT, "a")
        .with_header("content-type", "video/mp4");
    let url = bench.sign(url).await;
    let put = |content_type: &'static str| {
        let put = bench.http.put(&url).header("origin", PAGE);
        put.header("content-type", content_type).body("x").send()
    };
    let stored = put("video/mp4").await.unwrap();
    assert_eq!(header(&stored, "access-control-allow-origin"), PAGE);
    assert!(header(&stored, "access-control-expose-headers").contains("x-goog-generation"));
    let wrong = put("text/html").await.unwrap();
    assert_eq!(header(&wrong, "access-control-allow-origin"), PAGE);
    refused(wrong, 403, "SignatureDoesNotMatch").await;
}

#[tokio::test]
async fn a_stale_policy_is_not_written_over_a_newer_one() {
    let bench = public().await;
    let read = bench.http.get(bench.json_url("/iam")).send().await.unwrap();
    let mut policy: Value = read.json().await.unwrap();
    bench.patch_bucket(json!({ "labels": { "a": "b" } })).await;
    policy["bindings"] = json!([]);
    let stale = bench
        .http
        .put(bench.json_url("/iam"))
        .json(&policy)
        .send()
        .await
        .unwrap();
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
}
