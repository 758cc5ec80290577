//! Reads: ranges and conditions, over REST and over the bidirectional stream.

use google_cloud_storage::model_ext::ReadRange;
use reqwest::StatusCode;

use super::bench::{Bench, RESOURCE, header, noise};

#[tokio::test]
async fn ranges_are_cut_to_the_object() {
    let bench = Bench::start().await;
    bench.put("digits", "0123456789").await;
    for (range, expected) in [
        (ReadRange::all(), "0123456789"),
        (ReadRange::segment(2, 3), "234"),
        (ReadRange::offset(7), "789"),
        (ReadRange::tail(4), "6789"),
        (ReadRange::head(2), "01"),
        (ReadRange::segment(8, 100), "89"),
    ] {
        let label = format!("{range:?}");
        assert_eq!(
            bench.read_range("digits", range).await,
            expected.as_bytes(),
            "{label}"
        );
    }
    let beyond = bench
        .storage
        .read_object(RESOURCE, "digits")
        .set_read_range(ReadRange::offset(10))
        .send()
        .await
        .unwrap_err();
    assert_eq!(beyond.http_status_code(), Some(416));
}

#[tokio::test]
async fn the_answer_describes_the_object() {
    let bench = Bench::start().await;
    let written = bench
        .storage
        .write_object(RESOURCE, "described", "hello world")
        .set_content_type("video/mp4")
        .set_content_disposition("inline")
        .set_metadata([("k", "v")])
        .send_buffered()
        .await
        .unwrap();
    let read = bench
        .storage
        .read_object(RESOURCE, "described")
        .send()
        .await
        .unwrap();
    let seen = read.object();
    assert_eq!(
        (seen.generation, seen.metageneration, seen.size),
        (written.generation, 1, 11)
    );
    assert_eq!(seen.content_type, "video/mp4");
    assert_eq!(seen.content_disposition, "inline");
    assert_eq!(seen.metadata.get("k").map(String::as_str), Some("v"));
    assert_eq!(seen.checksums.unwrap().crc32c, Some(0xc994_65aa));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bench = Bench::start().await;
    let missing = bench
        .storage
        .read_object(RESOURCE, "nope")
        .send()
        .await
        .unwrap_err();
    assert_eq!(missing.http_status_code(), Some(404));
    let old = bench.put("a", "1").await.generation;
    bench.put("a", "2").await;
    let replaced = bench
        .storage
        .read_object(RESOURCE, "a")
        .set_generation(old)
        .send()
        .await;
    assert_eq!(replaced.unwrap_err().http_status_code(), Some(404));
}

#[tokio::test]
async fn an_open_object_serves_many_ranges() {
    let bench = Bench::start().await;
    let bytes = noise(5 * 1024 * 1024);
    bench.put("open", bytes.clone()).await;
    let open = bench
        .storage
        .open_object(RESOURCE, "open")
        .send()
        .await
        .unwrap();
    assert_eq!(open.object().size, 5 * 1024 * 1024);
    for (range, expected) in [
        (ReadRange::segment(10, 20), bytes.slice(10..30)),
        (ReadRange::tail(100), bytes.slice(bytes.len() - 100..)),
        (ReadRange::offset(1024), bytes.slice(1024..)),
    ] {
        let mut reader = open.read_range(range).await;
        let mut got = Vec::new();
        while let Some(part) = reader.next().await {
            got.extend_from_slice(&part.unwrap());
        }
        assert!(got == expected);
    }
    let missing = bench.storage.open_object(RESOURCE, "nope").send().await;
    assert!(missing.is_err());
}

#[tokio::test]
async fn a_slow_reader_gets_the_version_it_began_with() {
    let bench = Bench::start().await;
    let bytes = noise(8 * 1024 * 1024);
    bench.put("slow", bytes.clone()).await;
    let mut reading = bench
        .http
        .get(bench.json_url("/o/slow?alt=media"))
        .send()
        .await
        .unwrap();
    let mut got = reading.chunk().await.unwrap().unwrap().to_vec();
    bench.put("slow", "shorter").await;
    while let Some(part) = reading.chunk().await.unwrap() {
        got.extend_from_slice(&part);
    }
    assert!(got == bytes);
    assert_eq!(bench.read("slow").await, b"shorter");
}

#[tokio::test]
async fn conditional_requests_spare_the_bytes() {
    let bench = Bench::start().await;
    bench.put("cached", "bytes").await;
    let url = bench.json_url("/o/cached?alt=media");
    let first = bench.http.get(&url).send().await.unwrap();
    let (etag, date) = (header(&first, "etag"), header(&first, "last-modified"));
    for (name, value, status) in [
        ("if-none-match", etag, StatusCode::NOT_MODIFIED),
        ("if-none-match", "\"other\"", StatusCode::OK),
        ("if-modified-since", date, StatusCode::NOT_MODIFIED),
        ("if-match", "\"other\"", StatusCode::PRECONDITION_FAILED),
        ("if-match", etag, StatusCode::OK),
        ("if-unmodified-since", date, StatusCode::OK),
    ] {
        let answer = bench
            .http
            .get(&url)
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{name}: {value}");
    }
    let ranged = bench.http.get(&url).header("range", "bytes=1-2");
    let stale = ranged
        .try_clone()
        .unwrap()
        .header("if-range", "\"other\"")
        .send()
        .await
        .unwrap();
    assert_eq!(stale.status(), StatusCode::OK);
    let fresh = ranged.header("if-range", etag).send().await.unwrap();
    assert_eq!(fresh.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&fresh, "content-range"), "bytes 1-2/5");
}
