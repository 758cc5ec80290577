//! What clients are told while something is away.

use avvivo_testkit::{PrivateRedis, Seen, free_port, wait_for};
use std::time::{Duration, Instant};

use crate::support::{HEALTHCHECK_TOKEN, PATIENCE, TestApp};

fn nobody_listens() -> String {
    format!("127.0.0.1:{}", free_port().unwrap())
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
    let database = &unready.json()["dependencies"][0];
    assert_eq!(
        (&database["name"], &database["up"]),
        (&"postgres".into(), &false.into())
    );
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
    let ready = app.get("/ready").bearer(HEALTHCHECK_TOKEN).await.ok();
    assert_eq!(ready["dependencies"][2]["up"], false);
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
}
