//! `POST /storage/shops/upload`

mod refusals;

use std::io::Cursor;

use avvivo_app::upkeep::delete_objects;
use axum::body::Body;
use http::Method;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{
    MEDIA, TestApp,
    answer::{Answer, Ask, Parts},
    people::Owner,
};

const PATH: &str = "/storage/shops/upload";
const PNG: (&str, &str) = ("logo.png", "image/png");

/// A picture of some kilobytes.
pub(crate) fn picture(format: ImageFormat) -> Vec<u8> {
    let picture: DynamicImage =
        RgbImage::from_fn(64, 32, |x, y| Rgb([200, byte(x), byte(y)])).into();
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn byte(number: u32) -> u8 {
    u8::try_from(number).unwrap()
}

fn upload<'a>(app: &'a TestApp, owner: &Owner, form: impl Into<Body>) -> Ask<'a> {
    app.post(PATH).bearer(app.token(&owner.person)).form(form)
}

/// As an owner, who may.
async fn sent(app: &TestApp, owner: &Owner, kind: &str) -> Value {
    let form = Parts::default()
        .text("type", kind)
        .file(PNG, &picture(ImageFormat::Png));
    upload(app, owner, form.closed()).await.ok()
}

/// The object that an answer's address stands for.
fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    let path = url.strip_prefix(MEDIA).unwrap().trim_start_matches('/');
    let (path, version) = path.split_once("?v=").unwrap();
    assert!(version.parse::<u64>().is_ok(), "{url}");
    path.to_owned()
}

async fn condemned(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar("SELECT path FROM object_tombstones ORDER BY path")
        .fetch_all(app.pool())
        .await
        .unwrap()
}

/// A day goes by, and the upkeep.
async fn a_day_later(app: &TestApp) {
    sqlx::query("UPDATE object_tombstones SET delete_after = delete_after - interval '1 day'")
        .execute(app.pool())
        .await
        .unwrap();
    delete_objects::pass(&app.core.deps).await.unwrap();
}

#[tokio::test]
async fn an_owner_sets_the_own_logo_whatever_shop_the_form_names() {
    let app = TestApp::start().await;
    let (owner, other) = (app.owner(1).await, app.owner(2).await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    app.lifecycle.serve(listener, app.router.clone());
    app.hears_events().await;
    let list = || app.get("/shops");
    assert_eq!(list().await.ok()[0]["logoUrl"], Value::Null);
    let file = reqwest::multipart::Part::bytes(picture(ImageFormat::Jpeg))
        .file_name("Mi Logo.JPG")
        .mime_str("image/jpeg")
        .unwrap();
    let form = reqwest::multipart::Form::new()
        .part("file", file)
        .text("type", "logo")
        .text("shopId", other.shop.to_string());
    let answer = reqwest::Client::new()
        .post(format!("http://{address}{PATH}"))
        .bearer_auth(app.token(&owner.person))
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let shop = &answer["shop"];
    assert_eq!(shop["id"], owner.shop.to_string());
    assert_eq!(
        (&shop["logoUrl"], &shop["coverUrl"]),
        (&answer["url"], &Value::Null)
    );
    let path = path_of(&answer["url"]);
    assert!(
        path.starts_with(&format!("shops/{}/images/logo-", owner.shop)),
        "{path}"
    );
    assert_eq!(path.rsplit_once('.').unwrap().1, "jpg");
    let (kind, kept, bytes) = app.object(&path).await.unwrap();
    assert_eq!(kind, "image/jpeg");
    assert_eq!(kept, "public, max-age=31536000, immutable");
    let stored = image::load_from_memory(&bytes).unwrap();
    assert_eq!((stored.width(), stored.height()), (64, 32));
    assert_eq!(condemned(&app).await, Vec::<String>::new());
    let shown = avvivo_testkit::wait_for(
        "the list to show it",
        crate::support::PATIENCE,
        async || match list().await.ok()[0]["logoUrl"].clone() {
            Value::Null => avvivo_testkit::Seen::NotYet("no logo"),
            url => avvivo_testkit::Seen::Done(url),
        },
    );
    assert_eq!(shown.await, answer["url"]);
    let audited = "SELECT action || ' ' || actor_type || ' ' || (after->>'logoUrl') FROM audit_log WHERE subject_id = $1";
    let expected = format!(
        "SHOP_IMAGE_CHANGED SHOP {}",
        answer["url"].as_str().unwrap()
    );
    assert_eq!(app.look(audited, owner.shop).await, Some(expected));
    assert_eq!(app.count("audit_log").await, 1);
}

#[tokio::test]
async fn the_answer_has_no_column_that_nobody_may_see() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let penalty = "INSERT INTO penalties SELECT gen_random_uuid(), id, 'Enlace ajeno', true, now() FROM shops WHERE id = $1";
    app.change(penalty, owner.shop).await;
    let answer = sent(&app, &owner, "COVER").await;
    let shop = &answer["shop"];
    assert_eq!(shop["coverUrl"], answer["url"]);
    assert_eq!(shop["penalties"][0]["reason"], "Enlace ajeno");
    assert_eq!(shop["quotaWallet"]["reelExtraBalance"], 20);
    // What who runs it sees.
    assert!(shop["streamQuota"].is_number() && shop["authUserId"].is_string());
    for hidden in [
        "password",
        "requiresEmailFix",
        "intakeMeta",
        "normalizedName",
        "normalizedAddressBase",
    ] {
        assert!(shop.get(hidden).is_none(), "{hidden}");
    }
}

#[tokio::test]
async fn nothing_of_a_polyglot_but_its_picture_is_stored() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ] {
        let mut file = picture(format);
        file.extend(b"<script>alert(document.domain)</script>PK\x03\x04");
        let form = Parts::default()
            .file(("a.html", "text/html"), &file)
            .closed();
        let answer = upload(&app, &owner, form).await.ok();
        let (kind, _, bytes) = app.object(&path_of(&answer["url"])).await.unwrap();
        assert_eq!(kind, "image/jpeg");
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("<script") && !text.contains("PK\x03\x04"),
            "{format:?}"
        );
    }
}

#[tokio::test]
async fn administrators_name_the_shop() {
    let app = TestApp::start().await;
    let (owner, admin) = (app.owner(1).await, app.admin(2).await);
    let ask = async |parts: Parts| -> Answer {
        let form = parts.file(PNG, &picture(ImageFormat::Png)).closed();
        app.post(PATH).bearer(app.token(&admin)).form(form).await
    };
    for (named, expected) in [
        (None, "400 upload.shop_missing"),
        (Some(" "), "400 upload.shop_missing"),
        (Some("nope"), "404 shop.not_found"),
        (
            Some("00000000-0000-0000-0000-00000000ffff"),
            "404 shop.not_found",
        ),
    ] {
        let parts = named.map_or_else(Parts::default, |named| {
            Parts::default().text("shopId", named)
        });
        assert_eq!(ask(parts).await.word(), expected);
    }
    let shop = owner.shop.to_string();
    let answer = ask(Parts::default().text("shopId", &shop).text("type", "COVER"))
        .await
        .ok();
    assert_eq!(answer["shop"]["coverUrl"], answer["url"]);
    let audited = "SELECT actor_type::text FROM audit_log WHERE subject_id = $1";
    assert_eq!(
        app.look(audited, owner.shop).await.as_deref(),
        Some("ADMIN")
    );
}

#[tokio::test]
async fn a_picture_that_was_replaced_is_deleted_a_day_later_and_no_other() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let (first, cover) = (
        sent(&app, &owner, "LOGO").await,
        sent(&app, &owner, "COVER").await,
    );
    let second = sent(&app, &owner, "LOGO").await;
    assert_eq!(second["shop"]["coverUrl"], cover["url"]);
    assert_eq!(condemned(&app).await, [path_of(&first["url"])]);
    delete_objects::pass(&app.core.deps).await.unwrap();
    assert!(
        app.object(&path_of(&first["url"])).await.is_some(),
        "pages that are open show it"
    );
    a_day_later(&app).await;
    assert_eq!(app.object(&path_of(&first["url"])).await, None);
    for kept in [second, cover] {
        assert!(app.object(&path_of(&kept["url"])).await.is_some());
    }
}

async fn put(app: &TestApp, owner: &Owner, body: Value) {
    let path = format!("/shops/{}", owner.shop);
    let asked = app.ask(Method::PUT, &path).bearer(app.token(&owner.person));
    asked.json(&body).await.ok();
}

#[tokio::test]
async fn what_a_shop_shows_again_stays_and_what_is_not_its_own_is_never_deleted() {
    let app = TestApp::start().await;
    let (owner, other) = (app.owner(1).await, app.owner(2).await);
    let (own, foreign) = (
        sent(&app, &owner, "LOGO").await,
        sent(&app, &other, "LOGO").await,
    );
    // Pages send addresses back without their query.
    let plain = |url: &Value| format!("{MEDIA}/{}", path_of(url));
    put(&app, &owner, json!({"logoUrl": plain(&foreign["url"])})).await;
    assert_eq!(condemned(&app).await, [path_of(&own["url"])]);
    put(
        &app,
        &owner,
        json!({"logoUrl": null, "coverUrl": plain(&own["url"])}),
    )
    .await;
    assert_eq!(condemned(&app).await, Vec::<String>::new());
    sent(&app, &owner, "LOGO").await;
    a_day_later(&app).await;
    for kept in [own, foreign] {
        assert!(app.object(&path_of(&kept["url"])).await.is_some());
    }
}

#[tokio::test]
async fn the_pictures_of_a_deleted_shop_go_with_it() {
    let app = TestApp::start().await;
    let (owner, admin) = (app.owner(1).await, app.admin(2).await);
    sent(&app, &owner, "LOGO").await;
    let path = format!("/shops/{}", owner.shop);
    app.delete(&path).bearer(app.token(&admin)).await.ok();
    a_day_later(&app).await;
    assert_eq!(app.pictures(owner.shop).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_that_fails_half_way_leaves_the_shop_as_it_was_and_nothing_for_ever() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let form = || {
        Parts::default()
            .file(PNG, &picture(ImageFormat::Png))
            .closed()
    };
    // The store has it, the database does not take it.
    let refuse = "ALTER TABLE shops ADD CONSTRAINT shops_no_logo CHECK (logo_url IS NULL)";
    sqlx::query(refuse).execute(app.pool()).await.unwrap();
    assert_eq!(upload(&app, &owner, form()).await.word(), "500 internal");
    let left = app.pictures(owner.shop).await;
    assert_eq!((left.len(), condemned(&app).await), (1, left));
    let logo = "SELECT logo_url FROM shops WHERE id = $1";
    assert_eq!(app.look(logo, owner.shop).await, None);
    assert_eq!(app.count("audit_log").await, 0);
    a_day_later(&app).await;
    assert_eq!(app.pictures(owner.shop).await, Vec::<String>::new());
    assert_eq!(condemned(&app).await, Vec::<String>::new());
    // The store is away.
    let nobody = format!("http://127.0.0.1:{}", avvivo_testkit::free_port().unwrap());
    let away = app
        .second_instance(|settings| drop(settings.insert("STORAGE_BASE_URL", nobody)))
        .await;
    let ask = Ask::new(&away, Method::POST, PATH)
        .bearer(app.token(&owner.person))
        .form(form());
    assert_eq!(ask.await.word(), "503 storage.unavailable");
    assert_eq!(app.look(logo, owner.shop).await, None);
    a_day_later(&app).await;
    assert_eq!(condemned(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn two_uploads_at_once_leave_one_picture_that_is_shown_and_one_that_goes() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let (one, two) = tokio::join!(sent(&app, &owner, "LOGO"), sent(&app, &owner, "LOGO"));
    let shown = app
        .look("SELECT logo_url FROM shops WHERE id = $1", owner.shop)
        .await
        .unwrap();
    let (kept, lost) = if one["url"] == shown.as_str() {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(kept["url"], shown.as_str());
    assert_eq!(condemned(&app).await, [path_of(&lost["url"])]);
    assert_eq!(app.pictures(owner.shop).await.len(), 2);
}
