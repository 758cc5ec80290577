//! What clients are told while something is away.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use avvivo_testkit::{PrivateRedis, Seen, free_port, wait_for};
use serde_json::Value;

use crate::support::{HEALTHCHECK_TOKEN, PATIENCE, TestApp, answer::Answer};

fn nobody_listens() -> String {
    format!("127.0.0.1:{}", free_port().unwrap())
}

/// What `/ready` says is down, and the code of each.
fn down(ready: &Answer) -> BTreeMap<String, String> {
    let report = ready.json();
    let dependencies = report["dependencies"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    dependencies
        .filter(|dependency| dependency["up"] == false)
        .map(|dependency| (text(&dependency["name"]), text(&dependency["code"])))
        .collect()
}

#[tokio::test]
async fn without_its_database_the_api_says_so_and_never_that_nobody_is_signed_in() {
    let there = TestApp::start().await;
    let admin = there.admin(1).await;
    let away = there
        .second_instance(|settings| {
            let address = format!("postgres://nobody@{}/nothing", nobody_listens());
            settings.insert("DATABASE_URL", address);
            settings.insert("DATABASE_ACQUIRE_TIMEOUT_MS", "200".to_owned());
        })
        .await;
    let away = |path: &str| crate::support::answer::Ask::new(&away, http::Method::GET, path);
    assert_eq!(away("/reels").await.word(), "503 database.unavailable");
    let token = there.token(&admin);
    for path in ["/reels", "/reels/admin", "/system/status", "/nowhere"] {
        let answer = away(path).bearer(&token).await;
        assert_eq!(answer.word(), "503 database.unavailable", "{path}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(!message.to_lowercase().contains("postgres"), "{message}");
    }
    // Nobody has to be looked up for these.
    assert_eq!(away("/reels/admin").await.word(), "401 auth.required");
    assert_eq!(
        away("/reels/admin").bearer("nonsense").await.word(),
        "401 auth.required"
    );
    assert_eq!(away("/health").await.status, 200);
    let unready = away("/ready").bearer(HEALTHCHECK_TOKEN).await;
    assert_eq!(unready.word(), "503 service.not_ready");
    assert!(down(&unready).contains_key("postgres"), "{unready:?}");
}

#[tokio::test]
async fn without_redis_requests_stay_quick_and_are_counted_in_memory() {
    let mut redis = PrivateRedis::start().await;
    let url = redis.url().to_owned();
    let app = TestApp::start_with(|settings| {
        settings.insert("REDIS_URL", url);
    })
    .await;
    let counted = app.post("/nowhere").await;
    assert_eq!(counted.header("x-ratelimit-store"), Some("redis"));
    assert_eq!(counted.header("x-ratelimit-remaining"), Some("79"));
    redis.kill().await;
    let began = Instant::now();
    for _ in 0..50 {
        let counted = app.post("/nowhere").await;
        assert_eq!(counted.header("x-ratelimit-store"), Some("memory"));
    }
    // The first may wait for an answer that does not come; if all did, this would take seven seconds.
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    let ready = app.get("/ready").bearer(HEALTHCHECK_TOKEN).await;
    assert!(down(&ready).contains_key("redis"), "{ready:?}");
    redis.restart().await;
    wait_for("Redis to be used again", PATIENCE, async || {
        let counted = app.ask(http::Method::HEAD, "/reels").await;
        match counted.header("x-ratelimit-store") {
            Some("redis") => Seen::Done(()),
            other => Seen::NotYet(other.map(str::to_owned)),
        }
    })
    .await;
}

#[tokio::test]
async fn without_redis_settings_everything_works_in_memory() {
    let app = TestApp::start_with(|settings| {
        settings.remove("REDIS_URL");
    })
    .await;
    let admin = app.admin(1).await;
    let counted = app.post("/nowhere").await;
    assert_eq!(counted.header("x-ratelimit-store"), Some("memory"));
    let status = app
        .get("/system/status")
        .bearer(app.token(&admin))
        .await
        .ok();
    assert_eq!(status["redis"]["configured"], false);
    assert_eq!(status["redis"]["commandStatus"], "idle");
}

#[tokio::test]
async fn without_a_firebase_project_bearers_are_refused_everywhere_and_others_served() {
    let app = TestApp::start_with(|settings| {
        settings.remove("FIREBASE_PROJECT_ID");
    })
    .await;
    assert_eq!(
        app.get("/reels").bearer("anything").await.word(),
        "500 auth.not_configured"
    );
    assert_eq!(app.get("/reels").await.status, 200);
}

#[tokio::test]
async fn while_the_keys_of_tokens_cannot_be_had_bearers_are_told_to_come_back() {
    let app = TestApp::start_with(|settings| {
        settings.insert(
            "FIREBASE_JWKS_URL",
            format!("http://{}/keys", nobody_listens()),
        );
    })
    .await;
    let client = app.client(1).await;
    let answer = app.get("/reels").bearer(app.token(&client)).await;
    assert_eq!(answer.word(), "503 token.keys_unavailable");
    let ready = app.get("/ready").bearer(HEALTHCHECK_TOKEN).await;
    assert_eq!(ready.status, 200, "others are served");
    let code = down(&ready).get("token_keys").cloned();
    assert_eq!(code.as_deref(), Some("token.keys_unavailable"));
}

#[tokio::test]
async fn while_the_store_is_away_publishing_waits_and_nothing_is_written() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let body = app.new_video(owner.shop).await;
    let away = app
        .second_instance(|settings| {
            settings.insert("STORAGE_BASE_URL", format!("http://{}", nobody_listens()));
        })
        .await;
    let answer = crate::support::answer::Ask::new(&away, http::Method::POST, "/reels")
        .bearer(app.token(&owner.person))
        .json(&body)
        .await;
    assert_eq!(answer.word(), "503 storage.unavailable");
    assert_eq!(app.count("reels").await, 0);
    let ready = crate::support::answer::Ask::new(&away, http::Method::GET, "/ready")
        .bearer(HEALTHCHECK_TOKEN)
        .await;
    assert_eq!(ready.status, 200, "others are served");
    let code = down(&ready).remove("object_store");
    // Tried again for longer than a probe waits.
    let told = ["storage.unavailable", "timeout"];
    assert!(
        code.as_deref().is_some_and(|code| told.contains(&code)),
        "{ready:?}"
    );
}

#[tokio::test]
async fn what_neither_bus_nor_queue_takes_is_told() {
    let app = TestApp::start().await;
    // Being handed over by somebody else, so that nobody here tries it meanwhile.
    sqlx::query(
        "INSERT INTO outbox (id, kind, destination, sequence, payload, created_at, claimed_until, next_attempt_at)
         VALUES (gen_random_uuid(), 'EVENT', 'public:nobody', 1, '', now() - interval '2 minutes',
                 now() + interval '1 hour', now())",
    )
    .execute(app.pool())
    .await
    .unwrap();
    let ready = app.get("/ready").bearer(HEALTHCHECK_TOKEN).await;
    assert_eq!(ready.status, 200, "requests are served");
    let code = down(&ready).remove("outbox");
    assert_eq!(code.as_deref(), Some("outbox.late"));
}
