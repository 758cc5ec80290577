//! What was acknowledged is there after a restart, and after the real binary was killed.

use std::convert::Infallible;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use gcp_local::Config;
use reqwest::StatusCode;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::bench::{BUCKET, Bench, RESOURCE, clients, create_bucket, header, noise};
use crate::support::wait_for;

const LIMIT: Duration = Duration::from_secs(5);

fn kept_in(folder: &Path) -> Config {
    Config {
        data_dir: Some(folder.to_owned()),
        ..Config::default()
    }
}

fn blobs(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("storage"))
        .expect("the folder of blobs")
        .count()
}

#[tokio::test]
async fn a_restart_keeps_objects_generations_and_the_signing_key() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(kept_in(folder.path())).await;
    bench.create_bucket().await;
    let before = bench.put("kept", "bytes").await;
    let key = bench.server.service_account_key().to_owned();
    bench.server.shutdown().await;

    let bench = Bench::with(kept_in(folder.path())).await;
    assert_eq!(bench.server.service_account_key(), key);
    let get = bench
        .control
        .get_object()
        .set_bucket(RESOURCE)
        .set_object("kept");
    let after = get.send().await.unwrap();
    assert_eq!(
        (after.generation, &after.etag),
        (before.generation, &before.etag)
    );
    assert_eq!(after.create_time, before.create_time);
    assert_eq!(bench.read("kept").await, b"bytes");
    assert!(bench.put("kept", "new").await.generation > before.generation);
}

#[tokio::test]
async fn replaced_and_deleted_bytes_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(kept_in(folder.path())).await;
    bench.create_bucket().await;
    for _ in 0..3 {
        bench.put("a", noise(1000)).await;
    }
    bench.put("b", noise(1000)).await;
    bench
        .control
        .delete_object()
        .set_bucket(RESOURCE)
        .set_object("b")
        .send()
        .await
        .unwrap();
    bench.server.shutdown().await;
    assert_eq!(blobs(folder.path()), 1);
}

#[tokio::test]
async fn an_upload_that_dies_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(kept_in(folder.path())).await;
    bench.create_bucket().await;
    let part = futures::stream::iter([Ok::<_, Infallible>(noise(1 << 20))]);
    let dying = bench
        .http
        .post(bench.upload_url("uploadType=media&name=dead"))
        .body(reqwest::Body::wrap_stream(
            part.chain(futures::stream::pending()),
        ))
        .send();
    let begun = wait_for("a blob", LIMIT, async || match blobs(folder.path()) {
        0 => Err("none yet"),
        _ => Ok(()),
    });
    tokio::select! {
        _ = dying => unreachable!("the body never ends"),
        () = begun => {}
    }
    wait_for("no blob", LIMIT, async || match blobs(folder.path()) {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
}

#[tokio::test]
async fn files_that_no_row_names_are_swept_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("storage")).unwrap();
    std::fs::write(folder.path().join("storage/orphan"), "left by a crash").unwrap();
    let bench = Bench::with(kept_in(folder.path())).await;
    assert_eq!(blobs(folder.path()), 0);
    bench.server.shutdown().await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, url) = spawn(folder.path()).await;
    let (storage, control) = clients(&url).await;
    create_bucket(&control).await;
    let bytes = noise(300_000);
    let mut written = Vec::new();
    for number in 0..20 {
        let name = format!("object-{number}");
        let upload = storage
            .write_object(RESOURCE, &name, bytes.clone())
            .send_buffered();
        written.push((name, upload.await.unwrap().generation));
    }
    let http = reqwest::Client::new();
    let start = format!("{url}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name=half");
    let session = http.post(start).send().await.unwrap();
    let session = session_path(header(&session, "location"));
    let first = http
        .put(format!("{url}{session}"))
        .header("content-range", "bytes 0-262143/*");
    first.body(noise(262_144)).send().await.unwrap();
    process.kill().await.unwrap();

    let (mut process, url) = spawn(folder.path()).await;
    let (storage, control) = clients(&url).await;
    for (name, generation) in written {
        let get = control.get_object().set_bucket(RESOURCE).set_object(&name);
        assert_eq!(get.send().await.unwrap().generation, generation);
        let mut read = storage.read_object(RESOURCE, &name).send().await.unwrap();
        let mut got = Vec::new();
        while let Some(part) = read.next().await {
            got.extend_from_slice(&part.unwrap());
        }
        assert!(got == bytes, "{name}");
    }
    let rest = http
        .put(format!("{url}{session}"))
        .header("content-range", "bytes 262144-262144/262145");
    assert_eq!(
        rest.body("x").send().await.unwrap().status(),
        StatusCode::OK
    );
    process.kill().await.unwrap();
}

/// The session's address without the server's, whose port changes with a restart.
fn session_path(location: &str) -> String {
    let (_, path) = location
        .split_once("/upload/")
        .expect("a session's address");
    format!("/upload/{path}")
}

/// The real binary, ready to serve.
async fn spawn(folder: &Path) -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_gcp-local"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let stdout = process.stdout.take().expect("its output");
    let line = BufReader::new(stdout)
        .lines()
        .next_line()
        .await
        .expect("a line")
        .expect("a line");
    let url = line.rsplit(' ').next().expect("an address").to_owned();
    (process, url)
}
