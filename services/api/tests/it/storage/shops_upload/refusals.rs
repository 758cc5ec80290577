//! What is not taken: nothing of it is kept, and of what comes from those who may not send anything nothing is read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use image::ImageFormat;
use serde_json::json;

use super::{PATH, PNG, picture, upload};
use crate::support::{TestApp, answer::Parts};

#[tokio::test]
async fn svg_logos_are_refused_whatever_they_are_called() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(document.cookie)\"/>";
    for called in [("a.svg", "image/svg+xml"), PNG, ("a.jpg", "image/jpeg")] {
        let form = Parts::default().file(called, svg).closed();
        assert_eq!(upload(&app, &owner, form).await.word(), "400 image.format");
    }
    assert_eq!(app.pictures(owner.shop).await, Vec::<String>::new());
    assert_eq!(app.count("audit_log").await, 0);
    assert_eq!(app.count("object_tombstones").await, 0);
}

/// A form of that many bytes in pieces, and how many of these were asked for.
fn counted(bytes: usize) -> (Body, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let form = Bytes::from(Parts::default().file(PNG, &vec![7; bytes]).closed());
    let pieces: Vec<Bytes> = (0..form.len())
        .step_by(16_384)
        .map(|start| form.slice(start..(start + 16_384).min(form.len())))
        .collect();
    let pieces = stream::iter(pieces.into_iter().map(move |piece| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(piece)
    }));
    (Body::from_stream(pieces), asked)
}

#[tokio::test]
async fn whoever_may_not_upload_is_refused_before_a_byte_of_ten_megabytes_is_read() {
    let app = TestApp::start().await;
    let (pending, client) = (app.pending(1).await.person, app.client(2).await);
    let suspended = app.suspended(3).await;
    let tokens = [
        (None, "401 auth.required"),
        (Some("not-a-token".to_owned()), "401 auth.required"),
        (Some(app.token(&client)), "403 auth.not_allowed"),
        (Some(app.token(&pending)), "403 auth.not_allowed"),
        (Some(app.token(&suspended)), "403 auth.suspended"),
    ];
    for (token, expected) in tokens {
        let (body, asked) = counted(10 << 20);
        let ask = app.post(PATH).form(body);
        let ask = match token {
            Some(token) => ask.bearer(token),
            None => ask,
        };
        assert_eq!(ask.await.word(), expected);
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{expected}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let (body, asked) = counted(64 << 20);
    assert_eq!(
        upload(&app, &owner, body).await.word(),
        "413 image.too_large"
    );
    assert!(asked.load(Ordering::SeqCst) < 1_000, "{asked:?} of 4096");
    let (body, asked) = counted(11 << 20);
    let announced = upload(&app, &owner, body).header("content-length", "11534700");
    assert_eq!(announced.await.word(), "413 image.too_large");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn forms_that_are_not_whole_change_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let png = picture(ImageFormat::Png);
    let whole = Parts::default().file(PNG, &png).closed();
    for (form, expected) in [
        (
            whole[..whole.len() / 2].to_vec(),
            "400 request.malformed_form",
        ),
        (
            whole[..whole.len() - 20].to_vec(),
            "400 request.malformed_form",
        ),
        (
            Parts::default().file_in("image", PNG, &png).closed(),
            "400 request.unexpected_file",
        ),
        (
            Parts::default().file(PNG, &png).file(PNG, &png).closed(),
            "400 request.unexpected_file",
        ),
        (
            Parts::default().text("type", "LOGO").closed(),
            "400 image.missing",
        ),
        (
            Parts::default().text("file", "logo.png").closed(),
            "400 image.missing",
        ),
        (Vec::new(), "400 request.malformed_form"),
    ] {
        let answer = upload(&app, &owner, form).await;
        assert_eq!(answer.word(), expected);
    }
    let json = app
        .post(PATH)
        .bearer(app.token(&owner.person))
        .json(&json!({"file": "x"}));
    assert_eq!(json.await.word(), "400 image.missing");
    assert_eq!(app.pictures(owner.shop).await, Vec::<String>::new());
    assert_eq!(app.count("audit_log").await, 0);
}

#[tokio::test]
async fn files_that_are_no_pictures_change_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let png = picture(ImageFormat::Png);
    let mut bomb = png.clone();
    bomb.splice(16..24, [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    for (file, expected) in [
        (&b""[..], "400 image.missing"),
        (b"GIF89a\x01\0\x01\0/*<script>*/=1;", "400 image.format"),
        (b"<html><script>alert(1)</script>", "400 image.format"),
        (&png[..png.len() / 2], "400 image.format"),
        (&bomb, "400 image.too_many_pixels"),
    ] {
        let form = Parts::default().file(PNG, file).closed();
        assert_eq!(upload(&app, &owner, form).await.word(), expected);
    }
    assert_eq!(app.pictures(owner.shop).await, Vec::<String>::new());
    assert_eq!(app.count("audit_log").await, 0);
}
