//! Forms with a file: how far they are read, and what is told of those that are not whole.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use avvivo_http_kit::{FormRules, Forms, Problem};
use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures::stream;

const RULES: FormRules = FormRules {
    file_part: "file",
    max_file_bytes: 100_000,
};

fn part(disposition: &str, said: &[u8]) -> Vec<u8> {
    let mut part =
        format!("--x\r\ncontent-disposition: form-data; {disposition}\r\n\r\n").into_bytes();
    part.extend(said);
    part.extend(b"\r\n");
    part
}

fn file(size: usize) -> Vec<u8> {
    part("name=\"file\"; filename=\"a.png\"", &vec![7; size])
}

fn closed(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = parts.concat();
    body.extend(b"--x--\r\n");
    body
}

fn form(body: impl Into<Body>) -> Request {
    Request::builder()
        .method("POST")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(body.into())
        .unwrap()
}

/// The same in pieces, and how many of them were asked for.
fn counted(body: &[u8], piece: usize) -> (Request, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let pieces: Vec<Bytes> = body.chunks(piece).map(Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces.into_iter().map(move |piece| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(piece)
    }));
    (form(Body::from_stream(pieces)), asked)
}

async fn refused(request: Request) -> String {
    let answer = Forms::in_room(1 << 20).read(request, RULES).await;
    word(&answer.unwrap_err())
}

fn word(problem: &Problem) -> String {
    format!("{} {}", problem.status().as_u16(), problem.code())
}

#[tokio::test]
async fn texts_and_the_file_are_read_in_any_order_however_they_arrive() {
    let body = closed(&[
        part("name=\"type\"", b"COVER"),
        file(50_000),
        part("name=\"shopId\"", "ñandú".as_bytes()),
        part("name=\"type\"", b"LOGO"),
    ]);
    for piece in [1, 7, 4_096, body.len()] {
        let (request, _) = counted(&body, piece);
        let form = Forms::in_room(1 << 20).read(request, RULES).await.unwrap();
        let sent = form.file().unwrap();
        assert_eq!((sent.name.as_str(), sent.bytes.len()), ("a.png", 50_000));
        assert_eq!(
            (form.text("type"), form.text("shopId")),
            (Some("COVER"), Some("ñandú"))
        );
        assert_eq!(form.text("other"), None);
    }
}

#[tokio::test]
async fn a_body_of_another_type_has_nothing_in_it() {
    let mut request = form(closed(&[file(3)]));
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let form = Forms::in_room(1 << 20).read(request, RULES).await.unwrap();
    assert!(form.file().is_none() && form.text("type").is_none());
}

#[tokio::test]
async fn what_is_announced_too_large_is_not_read_at_all() {
    let (mut request, asked) = counted(&closed(&[file(1_000_000)]), 1_000);
    request
        .headers_mut()
        .insert("content-length", "1000200".parse().unwrap());
    assert_eq!(refused(request).await, "413 request.too_large");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_turns_out_too_large_is_not_read_to_its_end() {
    let (request, asked) = counted(&closed(&[file(10_000_000)]), 1_000);
    assert_eq!(refused(request).await, "413 request.too_large");
    assert!(asked.load(Ordering::SeqCst) < 400, "{asked:?} of 10000");
    // Around the file as well.
    let (request, asked) = counted(
        &closed(&[part("name=\"x\"", &vec![b'a'; 10_000_000])]),
        1_000,
    );
    assert_eq!(refused(request).await, "413 request.too_large");
    assert!(asked.load(Ordering::SeqCst) < 400, "{asked:?} of 10000");
}

#[tokio::test]
async fn a_form_that_breaks_off_is_refused_wherever_it_does() {
    let whole = closed(&[part("name=\"type\"", b"LOGO"), file(500)]);
    for kept in [1, 20, 60, 120, 300, whole.len() - 30] {
        assert_eq!(
            refused(form(whole[..kept].to_vec())).await,
            "400 request.malformed_form",
            "{kept}"
        );
    }
    let torn = stream::iter([
        Ok(Bytes::copy_from_slice(&whole[..200])),
        Err(std::io::Error::other("the line is dead")),
    ]);
    assert_eq!(
        refused(form(Body::from_stream(torn))).await,
        "400 request.body_interrupted"
    );
}

#[tokio::test]
async fn one_file_is_taken_under_its_name() {
    let elsewhere = part("name=\"image\"; filename=\"a.png\"", b"x");
    assert_eq!(
        refused(form(closed(&[elsewhere]))).await,
        "400 request.unexpected_file"
    );
    assert_eq!(
        refused(form(closed(&[file(1), file(1)]))).await,
        "400 request.unexpected_file"
    );
}

#[tokio::test]
async fn a_form_is_short_beside_its_file() {
    let many: Vec<Vec<u8>> = (0..17).map(|_| part("name=\"a\"", b"b")).collect();
    for strange in [
        closed(&many),
        closed(&[part("name=\"a\"", &[b'b'; 1_025])]),
        closed(&[part("name=\"a\"", b"\xff\xfe")]),
    ] {
        assert_eq!(refused(form(strange)).await, "400 request.malformed_form");
    }
}

#[tokio::test]
async fn forms_together_take_no_more_than_their_room_and_give_it_back() {
    let forms = Forms::in_room(150_000);
    let ask = || form(closed(&[file(100_000)]));
    let first = forms.read(ask(), RULES).await.unwrap();
    let crowded = forms.read(ask(), RULES).await.unwrap_err();
    assert_eq!(word(&crowded), "503 request.crowded");
    drop(first);
    assert!(forms.read(ask(), RULES).await.is_ok());
}
