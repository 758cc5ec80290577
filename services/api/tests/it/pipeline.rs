//! What happens to a request before and after its handler, on the real routes.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestApp, answer::Answer, rows::ReelRow};

const OWN_PAGE: &str = "https://avellanedaenvivo.com.ar";
const FOREIGN_PAGE: &str = "https://elsewhere.example";

fn cache(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-cache"), answer.header("x-cache-store"))
}

#[tokio::test]
async fn a_suspended_account_is_refused_on_public_lists_and_unknown_paths() {
    let app = TestApp::start().await;
    let token = app.token(&app.suspended(1).await);
    for path in ["/reels", "/reels/showcase", "/nowhere"] {
        assert_eq!(
            app.get(path).bearer(&token).await.word(),
            "403 auth.suspended",
            "{path}"
        );
    }
}

#[tokio::test]
async fn whoever_is_not_believed_is_served_from_the_cache_like_anybody() {
    let app = TestApp::start().await;
    app.hears_events().await;
    let client = app.client(1).await;
    assert_eq!(
        cache(&app.get("/reels").await),
        (Some("MISS"), Some("none"))
    );
    let expired = app.get("/reels").bearer(app.expired_token(&client)).await;
    assert_eq!(
        (expired.status, cache(&expired)),
        (StatusCode::OK, (Some("HIT"), Some("memory")))
    );
    let invalid = app.get("/reels").bearer("nonsense").await;
    assert_eq!(cache(&invalid), (Some("HIT"), Some("memory")));
    // Those who are believed get the same bytes, and are not told where they came from.
    let known = app.get("/reels").bearer(app.token(&client)).await;
    assert_eq!(
        (known.status, cache(&known)),
        (StatusCode::OK, (None, None))
    );
    assert_eq!(known.header("etag"), invalid.header("etag"));
}

#[tokio::test]
async fn queries_that_mean_the_same_share_an_answer() {
    let app = TestApp::start().await;
    app.hears_events().await;
    app.get("/reels").await.ok();
    for same in [
        "/reels?limit=80",
        "/reels?limit=0",
        "/reels?x=1&limit=abc",
        "/Reels/?limit=80.5",
    ] {
        assert_eq!(
            cache(&app.get(same).await),
            (Some("HIT"), Some("memory")),
            "{same}"
        );
    }
    assert_eq!(
        cache(&app.get("/reels?limit=79").await),
        (Some("MISS"), Some("none"))
    );
}

#[tokio::test]
async fn head_is_answered_without_a_word_about_the_cache_and_counted() {
    let app = TestApp::start().await;
    let read = app.get("/reels").await;
    assert_eq!(read.header("x-ratelimit-remaining"), None);
    let head = app.ask(Method::HEAD, "/reels").await;
    assert_eq!(
        (head.status, head.body.len(), cache(&head)),
        (StatusCode::OK, 0, (None, None))
    );
    assert_eq!(head.header("etag"), read.header("etag"));
    assert_eq!(head.header("x-ratelimit-remaining"), Some("79"));
    assert_eq!(
        app.ask(Method::HEAD, "/reels/admin").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        app.ask(Method::HEAD, "/nowhere").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_answer_that_the_client_has_is_not_sent_again() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let token = app.token(&owner.person);
    for path in [
        "/reels".to_owned(),
        "/reels/showcase".to_owned(),
        format!("/reels/{reel}/status"),
    ] {
        let first = app.get(&path).bearer(&token).await;
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = app
            .get(&path)
            .bearer(&token)
            .header("if-none-match", &tag)
            .await;
        assert_eq!(
            (again.status, again.body.len()),
            (StatusCode::NOT_MODIFIED, 0),
            "{path}"
        );
        assert_eq!(again.header("etag"), Some(tag.as_str()));
    }
    let other = app.get("/reels").header("if-none-match", "W/\"0-x\"").await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn the_eighty_first_write_waits_and_reads_never_do() {
    let app = TestApp::start().await;
    for count in 1..=80 {
        let answer = app.post("/reels").await;
        assert_eq!(answer.word(), "401 auth.required", "{count}");
        let left = (80 - count).to_string();
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.as_str()));
    }
    let refused = app.post("/reels").await;
    assert_eq!(refused.word(), "429 rate_limit.exceeded");
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-store"), Some("redis"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    assert_eq!(app.get("/reels").await.status, StatusCode::OK);
    let preflight = app
        .ask(Method::OPTIONS, "/reels")
        .header("origin", OWN_PAGE)
        .await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    // The right-most address is the one our proxy saw; everything left of it is the client's invention.
    let neighbour = app
        .post("/reels")
        .header("x-forwarded-for", "0.0.0.0, 203.0.113.9")
        .await;
    assert_eq!(neighbour.word(), "401 auth.required");
    let liar = app
        .post("/reels")
        .header("x-forwarded-for", "203.0.113.9, 0.0.0.0")
        .await;
    assert_eq!(liar.word(), "429 rate_limit.exceeded");
}

#[tokio::test]
async fn instances_count_together() {
    let app = TestApp::start().await;
    app.post("/nowhere").await;
    let other = app.second_instance(|_| {}).await;
    let counted = crate::support::answer::Ask::new(&other, Method::POST, "/nowhere").await;
    assert_eq!(counted.header("x-ratelimit-remaining"), Some("78"));
}

#[tokio::test]
async fn a_foreign_page_is_refused_before_anything_else() {
    let app = TestApp::start().await;
    for method in [Method::GET, Method::POST, Method::OPTIONS] {
        let answer = app
            .ask(method.clone(), "/nowhere")
            .text("{")
            .header("origin", FOREIGN_PAGE)
            .header("access-control-request-method", "POST")
            .await;
        assert_eq!(answer.word(), "403 cors.origin_refused", "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("x-ratelimit-remaining"), None);
    }
}

#[tokio::test]
async fn own_pages_may_read_answers_and_errors() {
    let app = TestApp::start_with(|settings| {
        settings.insert("CORS_ORIGINS", "https://staging.example".to_owned());
    })
    .await;
    for page in [OWN_PAGE, "http://localhost:5173", "https://staging.example"] {
        for path in ["/reels", "/reels/admin", "/nowhere"] {
            let answer = app.get(path).header("origin", page).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some(page),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert!(
                answer
                    .headers
                    .get_all("vary")
                    .iter()
                    .any(|by| by == "Origin")
            );
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.split(',').any(|name| name == "X-Next-Cursor"));
        }
    }
    let preflight = app
        .ask(Method::OPTIONS, "/reels")
        .header("origin", OWN_PAGE)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,idempotency-key",
        )
        .await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        Some("GET,HEAD,PUT,PATCH,POST,DELETE")
    );
    assert_eq!(
        preflight.header("access-control-allow-headers"),
        Some("authorization,content-type,idempotency-key")
    );
    assert_eq!(preflight.header("content-length"), Some("0"));
}

#[tokio::test]
async fn paths_match_whatever_their_case_and_with_a_slash_at_the_end() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let token = app.token(&owner.person);
    for path in ["/reels/", "/REELS", "/Reels/Showcase/"] {
        assert_eq!(app.get(path).await.ids(), [reel.to_string()], "{path}");
    }
    for path in [
        format!("/Reels/{reel}/STATUS/"),
        format!("/reels/shop/{}/", owner.shop),
    ] {
        assert_eq!(
            app.get(&path).bearer(&token).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_does_not_exist_is_told_as_json() {
    let app = TestApp::start().await;
    let unknown = [
        (Method::GET, "/"),
        (Method::GET, "/nowhere"),
        (Method::PUT, "/reels"),
        (Method::PATCH, "/reels/admin"),
        (Method::POST, "/storage/reels/upload-all"),
        (Method::GET, "/reels/shop"),
    ];
    for (method, path) in unknown {
        let answer = app.ask(method.clone(), path).await;
        let word = answer.word();
        // `GET /reels/shop` is a reel with a strange id.
        let expected = if path == "/reels/shop" {
            "401 auth.required"
        } else {
            "404 route.not_found"
        };
        assert_eq!(word, expected, "{method} {path}");
        assert_eq!(answer.header("allow"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-powered-by"), None);
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(answer.json()["instance"], id);
    }
    assert_eq!(app.get("/reels/%ff").await.word(), "400 request.bad_path");
    assert_eq!(
        app.get("/reels/%E0%A4%A").await.word(),
        "400 request.bad_path"
    );
}

#[tokio::test]
async fn a_malformed_body_is_told_before_counting_and_asking_who_it_is() {
    let app = TestApp::start().await;
    let suspended = app.token(&app.suspended(1).await);
    for body in ["{", "3", "\"text\"", "null", "{\"a\":}", "[1,]"] {
        let answer = app.post("/reels").bearer(&suspended).text(body).await;
        assert_eq!(answer.word(), "400 request.malformed_json", "{body}");
        assert_eq!(answer.header("x-ratelimit-remaining"), None);
    }
}

#[tokio::test]
async fn no_body_an_empty_one_and_one_of_another_type_mean_no_fields() {
    let app = TestApp::start().await;
    let token = app.token(&app.owner(1).await.person);
    let path = "/storage/reels/confirm";
    let expected = "400 upload.shop_missing";
    assert_eq!(app.post(path).bearer(&token).await.word(), expected);
    for body in ["", "  ", "{}", "{\"unknown\":1}"] {
        assert_eq!(
            app.post(path).bearer(&token).text(body).await.word(),
            expected,
            "{body:?}"
        );
    }
    let form = app
        .post(path)
        .bearer(&token)
        .header("content-type", "application/x-www-form-urlencoded")
        .await;
    assert_eq!(form.word(), expected);
    let wrong = app
        .post(path)
        .bearer(&token)
        .json(&json!({"paths": "a.mp4"}))
        .await;
    assert_eq!(wrong.word(), "400 request.invalid_field");
    assert_eq!(wrong.json()["field"], "paths");
}

#[tokio::test]
async fn bodies_are_bounded_at_a_hundred_kibibytes_and_a_reels_at_a_mebibyte() {
    let app = TestApp::start().await;
    let padded = |bytes: usize| {
        let frame = r#"{"pad":""}"#;
        format!(r#"{{"pad":"{}"}}"#, "x".repeat(bytes - frame.len()))
    };
    let kib = 1024;
    let cases = [
        ("/reels", 1024 * kib, "401 auth.required"),
        ("/reels", 1024 * kib + 1, "413 request.too_large"),
        ("/REELS/", 1024 * kib, "401 auth.required"),
        ("/storage/reels/confirm", 100 * kib, "401 auth.required"),
        (
            "/storage/reels/confirm",
            100 * kib + 1,
            "413 request.too_large",
        ),
        ("/reels/x/view", 100 * kib + 1, "413 request.too_large"),
        ("/nowhere", 100 * kib + 1, "413 request.too_large"),
    ];
    for (path, bytes, expected) in cases {
        assert_eq!(
            app.post(path).text(padded(bytes)).await.word(),
            expected,
            "{path} {bytes}"
        );
    }
}
