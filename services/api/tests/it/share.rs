//! `GET /share/reels/{id}` and `GET /share/streams/{id}`

use std::sync::atomic::{AtomicUsize, Ordering};

use avvivo_testkit::{Seen, wait_for};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::{
    MEDIA, PATIENCE, TestApp,
    answer::Answer,
    files::BYTES,
    people::Owner,
    rows::{ReelRow, reel_id},
};

const SHARE: &str = "https://share.example";
const APP: &str = "https://app.example";

async fn street() -> (TestApp, Owner) {
    let app = TestApp::start_with(|settings| {
        // As people write them.
        settings.insert("PUBLIC_SHARE_URL", format!("{SHARE}/"));
        settings.insert("FRONTEND_URL", format!("{APP}/"));
    })
    .await;
    let owner = app.owner(1).await;
    (app, owner)
}

async fn page(app: &TestApp, kind: &str, id: Uuid) -> Answer {
    let asked = app.get(&format!("/share/{kind}/{id}"));
    let answer = asked.header("host", "evil.example").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    answer
}

fn html(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

/// What a tag of the head says.
fn tag<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let html = html(answer);
    let found = ["property", "name"]
        .iter()
        .find_map(|key| html.split_once(&format!("{key}=\"{name}\" content=\"")));
    Some(found?.1.split_once('"').unwrap().0)
}

async fn set(app: &TestApp, column: &'static str, shop: Uuid, value: &str) {
    let statement = format!("UPDATE shops SET {column} = $2 WHERE id = $1");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(shop)
        .bind(value)
        .execute(app.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_crawler_without_javascript_finds_everything_in_the_head() {
    let (app, owner) = street().await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    app.change("UPDATE reels SET thumbnail_url = 'https://media.example/processed/thumb.jpg' WHERE id = $1", reel)
        .await;
    let answer = page(&app, "reels", reel).await;
    insta::assert_snapshot!(html(&answer));
    assert_eq!(
        tag(&answer, "og:url"),
        Some(format!("{SHARE}/share/reels/{reel}").as_str())
    );
    let head = app
        .ask(http::Method::HEAD, &format!("/share/reels/{reel}"))
        .await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
}

#[tokio::test]
async fn ugly_names_are_text_and_the_pages_own_script_is_all_that_runs() {
    let (app, owner) = street().await;
    let ugly = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;";
    set(&app, "name", owner.shop, ugly).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    app.change(
        "UPDATE reels SET preset_label = '</style><svg onload=alert(3)>', thumbnail_url = 'https://a/\"><b>.png' WHERE id = $1",
        reel,
    )
    .await;
    let stream = app.stream(1, owner.shop, "UPCOMING").await;
    app.change(
        "UPDATE streams SET title = '</title><script>alert(4)</script>' WHERE id = $1",
        stream,
    )
    .await;
    for (kind, id) in [("reels", reel), ("streams", stream)] {
        let answer = page(&app, kind, id).await;
        let html = html(&answer);
        for tag in ["<script>alert", "<img", "<svg", "<b>", "</title><"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert_eq!(html.matches("<script").count(), 1);
        let script = between(html, "<script>", "</script>");
        let style = between(html, "<style>", "</style>");
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            hash(script),
            hash(style)
        );
        assert_eq!(
            answer.header("content-security-policy"),
            Some(policy.as_str())
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    html.split_once(from).unwrap().1.split_once(to).unwrap().0
}

#[tokio::test]
async fn what_is_over_leads_nowhere_by_itself() {
    let (app, owner) = street().await;
    let banned = app.owner(2).await;
    let long_ago = ReelRow::aged(TimeDelta::hours(25));
    let reels = [
        app.reel(1, owner.shop, long_ago).await,
        app.reel(2, owner.shop, ReelRow::in_status("HIDDEN")).await,
        app.reel(3, owner.shop, ReelRow::processing()).await,
        app.reel(4, banned.shop, ReelRow::default()).await,
    ];
    app.change(
        "UPDATE shops SET status = 'BANNED' WHERE id = $1",
        banned.shop,
    )
    .await;
    for reel in reels {
        let answer = page(&app, "reels", reel).await;
        let html = html(&answer);
        assert!(html.contains("Contenido no disponible"), "{html}");
        for gone in ["http-equiv=\"refresh\"", "og:video", "<script"] {
            assert!(!html.contains(gone), "{gone} in {html}");
        }
        assert_eq!(tag(&answer, "og:type"), Some("website"));
    }
}

#[tokio::test]
async fn a_live_is_shown_whatever_became_of_it() {
    let (app, owner) = street().await;
    set(&app, "cover_url", owner.shop, "/img/fachada.webp").await;
    for (number, status) in (1..).zip(["UPCOMING", "LIVE", "FINISHED", "CANCELLED", "BANNED"]) {
        let id = app.stream(number, owner.shop, status).await;
        let answer = page(&app, "streams", id).await;
        for (name, said) in [
            ("og:type", "website".to_owned()),
            ("og:title", "Liquidación de verano | Avvivo - by Distrito Moda".to_owned()),
            (
                "og:description",
                "Vivo de Telas Helguera 1 en Avvivo - by Distrito Moda. Liquidación de verano. Sumate ahora.".to_owned(),
            ),
            ("og:url", format!("{SHARE}/share/streams/{id}")),
            ("og:image", format!("{APP}/img/fachada.webp")),
            ("og:image:type", "image/webp".to_owned()),
            ("twitter:card", "summary_large_image".to_owned()),
        ] {
            assert_eq!(tag(&answer, name), Some(said.as_str()), "{name} {status}");
        }
        let refresh =
            format!("<meta http-equiv=\"refresh\" content=\"0; url={APP}/en-vivo/{id}\">");
        assert!(html(&answer).contains(&refresh));
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let (app, _) = street().await;
    for (path, said) in [
        (
            "/share/reels/00000000-0000-0000-0000-00000000ffff",
            "Reel no encontrado",
        ),
        ("/share/reels/nope", "Reel no encontrado"),
        (
            "/share/streams/00000000-0000-0000-0000-00000000ffff",
            "Vivo no encontrado",
        ),
        ("/share/streams/%3Cscript%3E", "Vivo no encontrado"),
    ] {
        let answer = app.get(path).await;
        assert_eq!((answer.status.as_u16(), html(&answer)), (404, said));
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn pages_are_kept_until_the_reel_or_its_shop_changes() {
    let (app, owner) = street().await;
    let admin = app.admin(9).await;
    app.hears_events().await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let stream = app.stream(1, owner.shop, "UPCOMING").await;
    let first = page(&app, "reels", reel).await;
    let again = page(&app, "reels", reel).await;
    assert_eq!(
        (first.header("x-cache"), again.header("x-cache")),
        (Some("MISS"), Some("HIT"))
    );
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let tag = first.header("etag").unwrap();
    let known = app
        .get(&format!("/share/reels/{reel}"))
        .header("if-none-match", tag)
        .await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    page(&app, "streams", stream).await;
    let renamed = app.ask(http::Method::PUT, &format!("/shops/{}", owner.shop));
    renamed
        .bearer(app.token(&admin))
        .json(&json!({"name": "Otra Luna"}))
        .await
        .ok();
    for (kind, id) in [("reels", reel), ("streams", stream)] {
        becomes(&app, (kind, id), "Otra Luna").await;
    }
    let hide = app.post(&format!("/reels/{reel}/hide"));
    hide.bearer(app.token(&owner.person)).await.ok();
    becomes(&app, ("reels", reel), "Contenido no disponible").await;
}

async fn becomes(app: &TestApp, (kind, id): (&str, Uuid), said: &str) {
    wait_for("the page to change", PATIENCE, async || {
        let answer = page(app, kind, id).await;
        if html(&answer).contains(said) {
            Seen::Done(())
        } else {
            Seen::NotYet(html(&answer).to_owned())
        }
    })
    .await;
}

#[tokio::test]
async fn no_address_that_a_shop_wrote_is_ever_asked_for() {
    let (app, owner) = street().await;
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = trap.local_addr().unwrap();
    let knocked = AtomicUsize::new(0);
    let listening = async {
        loop {
            drop(trap.accept().await);
            knocked.fetch_add(1, Ordering::SeqCst);
        }
    };
    let fallback = format!("{APP}/img/avvivo-logo.png");
    let (own, google) = (
        format!("{MEDIA}/shops/{}/logo", owner.shop),
        "https://storage.googleapis.com/avvivo-media",
    );
    app.store(&format!("shops/{}/logo", owner.shop), "image/png", BYTES)
        .await;
    app.store("shops/svg/logo", "image/svg+xml", BYTES).await;
    let cases = [
        (format!("http://{address}/logo"), &fallback),
        (format!("http://{address}/logo?v=1"), &fallback),
        ("http://169.254.169.254/logo".to_owned(), &fallback),
        (format!("{MEDIA}@{address}/logo"), &fallback),
        (format!("{google}/shops/svg/logo"), &fallback),
        (format!("{google}/shops/none/logo"), &fallback),
        (format!("http://{address}/a.svg"), &fallback),
        ("javascript:alert(1)".to_owned(), &fallback),
        (own.clone(), &own),
    ];
    let asking = async {
        for (number, (url, shown)) in (1..).zip(cases) {
            set(&app, "logo_url", owner.shop, &url).await;
            let row = ReelRow {
                photo_urls: Vec::new(),
                ..ReelRow::default()
            };
            let reel = app.reel(number, owner.shop, row).await;
            assert_eq!(reel, reel_id(number));
            let answer = page(&app, "reels", reel).await;
            assert_eq!(tag(&answer, "og:image"), Some(shown.as_str()), "{url}");
        }
    };
    tokio::select! {
        () = asking => {}
        () = listening => {}
    }
    assert_eq!(knocked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn pages_outlive_the_store_being_away() {
    let (app, owner) = street().await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    set(
        &app,
        "logo_url",
        owner.shop,
        &format!("{MEDIA}/shops/{}/logo", owner.shop),
    )
    .await;
    let nobody = format!("http://127.0.0.1:{}", avvivo_testkit::free_port().unwrap());
    let away = app
        .second_instance(|settings| drop(settings.insert("STORAGE_BASE_URL", nobody)))
        .await;
    let answer = crate::support::get_from(&away, &format!("/share/reels/{reel}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        tag(&answer, "og:image"),
        Some(format!("{APP}/img/avvivo-logo.png").as_str())
    );
}
