//! The response cache: what is shared, for how long, and what an invalidation reaches.

use std::{
    io::Read as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use avvivo_http_kit::{CacheNotice, Problem, ResponseCache, cache::Found};
use avvivo_kernel::ErrorKind;
use axum::response::IntoResponse as _;
use flate2::read::GzDecoder;
use futures::future::join_all;
use http::Method;
use tokio::sync::{Barrier, oneshot};

use crate::app::{App, request};

const LONG: Duration = Duration::from_mins(10);

fn known(path: &str) -> axum::extract::Request {
    request(Method::GET, path, &[("authorization", "Bearer ana")], "")
}

#[tokio::test]
async fn the_second_anonymous_read_is_a_hit_with_the_same_bytes() {
    let app = App::start();
    let miss = app.get("/shops").await;
    assert_eq!(
        (miss.header("x-cache"), miss.header("x-cache-store")),
        (Some("MISS"), Some("none"))
    );
    let hit = app.get("/SHOPS/?made=up&x=1").await;
    assert_eq!(
        (hit.header("x-cache"), hit.header("x-cache-store")),
        (Some("HIT"), Some("memory"))
    );
    assert_eq!(hit.body, miss.body);
    assert_eq!(hit.header("etag"), miss.header("etag"));
}

#[tokio::test]
async fn a_cached_answer_is_304_for_who_has_it() {
    let app = App::start();
    let etag = app.get("/shops").await.header("etag").unwrap().to_owned();
    let again = app
        .send(request(
            Method::GET,
            "/shops",
            &[("if-none-match", &etag)],
            "",
        ))
        .await;
    assert_eq!(again.status, http::StatusCode::NOT_MODIFIED);
    assert_eq!(again.header("x-cache"), Some("HIT"));
}

#[tokio::test]
async fn known_callers_and_head_are_answered_from_the_same_bytes_without_a_word_about_it() {
    let app = App::start();
    let first = app.send(known("/shops")).await;
    let head = app.send(request(Method::HEAD, "/shops", &[], "")).await;
    for answer in [&first, &head, &app.send(known("/shops")).await] {
        assert_eq!(
            (answer.header("x-cache"), answer.header("x-cache-store")),
            (None, None)
        );
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    let anonymous = app.get("/shops").await;
    assert_eq!(anonymous.header("x-cache"), Some("HIT"));
    assert_eq!(anonymous.body, first.body);
    assert_eq!(app.shared.computed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_crowd_of_known_callers_is_computed_for_once() {
    let app = App::start();
    let answers = join_all((0..50).map(|_| app.send(known("/shops")))).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(app.shared.computed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_invalid_token_is_served_from_the_cache() {
    let app = App::start();
    app.get("/shops").await;
    let expired = request(
        Method::GET,
        "/shops",
        &[("authorization", "Bearer expired")],
        "",
    );
    assert_eq!(app.send(expired).await.header("x-cache"), Some("HIT"));
}

#[tokio::test]
async fn an_invalidation_reaches_every_entry_of_its_tag() {
    let app = App::start();
    let before = app.get("/shops").await.body;
    app.shared.cache.invalidate("reels");
    assert_eq!(app.get("/shops").await.header("x-cache"), Some("HIT"));
    app.shared.cache.invalidate("shops");
    let after = app.get("/shops").await;
    assert_eq!(after.header("x-cache"), Some("MISS"));
    assert_ne!(after.body, before);
}

#[tokio::test]
async fn an_answer_computed_before_an_invalidation_is_not_kept() {
    let cache = Arc::new(ResponseCache::new(1 << 20));
    let rule = cache.rule("reels", LONG, &["reels", "shops"]);
    let (finish, finished) = oneshot::channel::<()>();
    let old = cache.body(&rule, [], || async move {
        finished.await.unwrap();
        Ok::<_, Problem>("old")
    });
    let invalidate = async {
        cache.invalidate("shops");
        let new = cache
            .body(&rule, [], || async { Ok::<_, Problem>("new") })
            .await
            .unwrap();
        finish.send(()).unwrap();
        new
    };
    let (old, new) = tokio::join!(old, invalidate);
    assert_eq!(old.unwrap().0.bytes(), "\"old\"");
    assert_eq!(
        (new.0.bytes().as_ref(), new.1),
        (&b"\"new\""[..], Found::Miss)
    );
    let later = cache
        .body(&rule, [], || async { Ok::<_, Problem>("never") })
        .await
        .unwrap();
    assert_eq!(
        (later.0.bytes().as_ref(), later.1),
        (&b"\"new\""[..], Found::Hit)
    );
}

#[tokio::test]
async fn however_many_ask_at_once_it_is_computed_once() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("reels", LONG, &[]);
    let computed = AtomicUsize::new(0);
    let barrier = Barrier::new(50);
    let ask = async || {
        barrier.wait().await;
        let compute = || async {
            tokio::task::yield_now().await;
            Ok::<_, Problem>(computed.fetch_add(1, Ordering::SeqCst))
        };
        cache.body(&rule, [80_u32.into()], compute).await.unwrap()
    };
    let answers = join_all((0..50).map(|_| ask())).await;
    assert_eq!(computed.load(Ordering::SeqCst), 1);
    assert_eq!(
        answers
            .iter()
            .filter(|(_, found)| *found == Found::Miss)
            .count(),
        1
    );
    let first = answers[0].0.bytes().as_ptr();
    assert!(
        answers
            .iter()
            .all(|(body, _)| body.bytes().as_ptr() == first),
        "bytes are shared"
    );
}

#[tokio::test]
async fn errors_are_told_and_not_kept() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("reels", LONG, &[]);
    let away = Problem::new(ErrorKind::Unavailable, "database.unavailable", "Más tarde.");
    let failed = cache.body(&rule, [], || async { Err::<(), _>(away) }).await;
    assert_eq!(failed.unwrap_err().code(), "database.unavailable");
    assert!(
        cache
            .body(&rule, [], || async { Ok::<_, Problem>(1) })
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn parameters_and_routes_have_entries_of_their_own() {
    let cache = ResponseCache::new(1 << 20);
    let reels = cache.rule("reels", LONG, &[]);
    let shops = cache.rule("shops", LONG, &[]);
    let misses = async |rule, params: [avvivo_http_kit::cache::Param; 2]| {
        cache
            .body(rule, params, || async { Ok::<_, Problem>(1) })
            .await
            .unwrap()
            .1
            == Found::Miss
    };
    assert!(misses(&reels, [80_u32.into(), 0_u32.into()]).await);
    assert!(misses(&reels, [80_u32.into(), 1_u32.into()]).await);
    assert!(misses(&reels, [80_u32.into(), None::<u32>.into()]).await);
    assert!(misses(&shops, [80_u32.into(), 0_u32.into()]).await);
    assert!(!misses(&reels, [80_u32.into(), 0_u32.into()]).await);
}

#[tokio::test]
async fn entries_end_with_their_time() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("reels", Duration::from_millis(20), &[]);
    let ask = async || {
        cache
            .body(&rule, [], || async { Ok::<_, Problem>(1) })
            .await
            .unwrap()
            .1
    };
    assert_eq!(ask().await, Found::Miss);
    let expired = async {
        while ask().await == Found::Hit {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), expired)
        .await
        .unwrap();
}

#[tokio::test]
async fn while_one_computes_anew_the_others_are_answered_at_once() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("reels", Duration::from_millis(300), &[]);
    let first = cache.body(&rule, [], || async { Ok::<_, Problem>("old") });
    assert_eq!(first.await.unwrap().1, Found::Miss);
    tokio::time::sleep(Duration::from_millis(320)).await;
    let (finish, finished) = oneshot::channel::<()>();
    let one = cache.body(&rule, [], || async {
        finished.await.unwrap();
        Ok::<_, Problem>("new")
    });
    let others = async {
        // The first has the turn by now.
        tokio::task::yield_now().await;
        for _ in 0..64 {
            let other = cache.body(&rule, [], || async { Ok::<_, Problem>("never") });
            let (body, found) = other.await.unwrap();
            assert_eq!(
                (body.bytes().as_ref(), found),
                (&b"\"old\""[..], Found::Hit)
            );
        }
        finish.send(()).unwrap();
    };
    let (one, ()) = tokio::join!(one, others);
    assert_eq!(one.unwrap().1, Found::Miss);
    let later = cache.body(&rule, [], || async { Ok::<_, Problem>("never") });
    let (body, found) = later.await.unwrap();
    assert_eq!(
        (body.bytes().as_ref(), found),
        (&b"\"new\""[..], Found::Hit)
    );
}

#[tokio::test]
async fn whoever_cannot_compute_anew_answers_what_there_was_and_leaves_it_to_the_next() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("reels", Duration::from_millis(500), &[]);
    let first = cache.body(&rule, [], || async { Ok::<_, Problem>("old") });
    first.await.unwrap();
    tokio::time::sleep(Duration::from_millis(520)).await;
    let away = Problem::new(ErrorKind::Unavailable, "database.unavailable", "Más tarde.");
    let failed = cache.body(&rule, [], || async { Err::<(), _>(away) }).await;
    assert_eq!(failed.unwrap().0.bytes(), "\"old\"");
    // Gone away in the middle.
    let never = cache.body(&rule, [], std::future::pending::<Result<(), Problem>>);
    assert!(
        tokio::time::timeout(Duration::from_millis(1), never)
            .await
            .is_err()
    );
    let next = cache.body(&rule, [], || async { Ok::<_, Problem>("new") });
    assert_eq!(next.await.unwrap().1, Found::Miss);
}

#[tokio::test]
async fn a_long_answer_is_compressed_once_for_those_who_take_it() {
    let app = App::start();
    let plain = app.get("/shops").await;
    assert_eq!(plain.header("content-encoding"), None);
    let ask = |headers: &[(&str, &str)]| app.send(request(Method::GET, "/shops", headers, ""));
    let packed = ask(&[("accept-encoding", "gzip, deflate, br")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("etag"), plain.header("etag"));
    assert_eq!(packed.header("x-cache"), Some("HIT"));
    for answer in [&plain, &packed] {
        assert!(answer.varies_by("Accept-Encoding"));
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.body);
    assert!(packed.body.len() * 4 < plain.body.len());
    let etag = plain.header("etag").unwrap();
    let again = ask(&[("accept-encoding", "gzip"), ("if-none-match", etag)]).await;
    assert_eq!(again.status, http::StatusCode::NOT_MODIFIED);
    assert_eq!(again.header("content-encoding"), None);
}

#[tokio::test]
async fn the_cache_is_bounded_by_bytes() {
    let cache = ResponseCache::new(64 * 1024);
    let rule = cache.rule("reels", LONG, &[]);
    let big = "x".repeat(8 * 1024);
    for number in 0..200_u32 {
        let answer = cache
            .body(&rule, [number.into()], || async { Ok::<_, Problem>(&big) })
            .await;
        assert!(answer.is_ok());
    }
    let within = async {
        while cache.bytes() > 64 * 1024 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), within)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_cache_of_no_bytes_keeps_nothing() {
    let cache = ResponseCache::new(0);
    let rule = cache.rule("reels", LONG, &[]);
    let mut computed = 0;
    for _ in 0..3 {
        let answer = cache.body(&rule, [], || {
            computed += 1;
            async { Ok::<_, Problem>("reels") }
        });
        answer.await.unwrap();
    }
    assert_eq!(computed, 3);
}

#[tokio::test]
async fn a_page_is_kept_like_everything_else_and_says_that_it_is_one() {
    let cache = ResponseCache::new(1 << 20);
    let rule = cache.rule("GET /page", LONG, &["shops"]);
    let asked = AtomicUsize::new(0);
    let page = async || {
        let found = cache.respond_page(CacheNotice::Told, &rule, [], async || {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Problem>("<!DOCTYPE html>".to_owned())
        });
        found.await.unwrap().into_response()
    };
    let (first, second) = (page().await, page().await);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(first.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(first.headers()["etag"], second.headers()["etag"]);
    assert_eq!(second.headers()["x-cache"], "HIT");
    cache.invalidate("shops");
    assert_eq!(page().await.headers()["x-cache"], "MISS");
}
