//! `GET /system/status`

use avvivo_redis::{GatewayCounts, Redis, RedisSettings};
use avvivo_testkit::{PrivateRedis, Seen, free_port, wait_for};
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use http::Method;

use crate::support::{PATIENCE, TestApp, answer::Ask};

#[tokio::test]
async fn administrators_see_real_values_under_the_names_of_the_old_page() {
    let app = TestApp::start_with(|settings| {
        settings.insert("NODE_ENV", "staging".to_owned());
        settings.insert("ENABLE_STREAMS_CRON", "yes".to_owned());
        settings.insert("STREAMS_CRON_MINUTES", "7".to_owned());
        settings.insert("REDIS_KEY_PREFIX", "status-page:".to_owned());
    })
    .await;
    let gateways = Redis::connect(&RedisSettings {
        url: app.redis.url().into(),
        key_prefix: "status-page".to_owned(),
        tls: false,
    })
    .unwrap();
    let now = app.core.deps.clock.now();
    for (instance, connections, channels) in [("a", 3, 2), ("b", 4, 1)] {
        let counts = GatewayCounts {
            connections,
            channels,
        };
        gateways
            .report_gateway(instance, counts, now)
            .await
            .unwrap();
    }
    app.hears_events().await;
    let token = app.token(&app.admin(1).await);
    let mut body = app.get("/system/status").bearer(&token).await.ok();
    let utc = DateTime::parse_from_rfc3339(body["serverTime"].as_str().unwrap()).unwrap();
    assert!((utc.to_utc() - now).abs() < TimeDelta::minutes(1));
    let local = body["serverTimeBuenosAires"].as_str().unwrap();
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").unwrap();
    assert_eq!((utc.naive_utc() - local).num_hours(), 3);
    let instance = body["chatRealtime"]["instanceId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(instance.starts_with("api-"), "{instance}");
    for moving in ["serverTime", "serverTimeBuenosAires"] {
        body[moving] = "[time]".into();
    }
    body["chatRealtime"]["instanceId"] = "[instance]".into();
    insta::assert_json_snapshot!(body);
}

#[tokio::test]
async fn without_redis_the_page_says_so() {
    let mut redis = PrivateRedis::start().await;
    let url = redis.url().to_owned();
    let app = TestApp::start_with(|settings| {
        settings.insert("REDIS_URL", url);
    })
    .await;
    let token = app.token(&app.admin(1).await);
    let before = app.get("/system/status").bearer(&token).await.ok();
    assert_eq!(before["redis"]["commandStatus"], "ready");
    redis.kill().await;
    let body = wait_for(
        "the page to tell that Redis is away",
        PATIENCE,
        async || {
            let body = app.get("/system/status").bearer(&token).await.ok();
            if body["redis"]["commandStatus"] == "reconnecting" {
                Seen::Done(body)
            } else {
                Seen::NotYet(body)
            }
        },
    )
    .await;
    assert_eq!(body["redis"]["configured"], true);
    assert!(body["chatRealtime"]["lastError"].is_string(), "{body}");
    for unknown in ["activeConnections", "activeChannels", "gateways"] {
        assert!(body["chatRealtime"][unknown].is_null(), "{body}");
    }
}

#[tokio::test]
async fn without_redis_settings_totals_are_not_known_rather_than_nought() {
    let app = TestApp::start_with(|settings| {
        settings.remove("REDIS_URL");
    })
    .await;
    app.hears_events().await;
    let token = app.token(&app.admin(1).await);
    let realtime = &app.get("/system/status").bearer(&token).await.ok()["chatRealtime"];
    for unknown in [
        "activeConnections",
        "activeChannels",
        "gateways",
        "lastError",
    ] {
        assert!(realtime[unknown].is_null(), "{realtime}");
    }
}

#[tokio::test]
async fn memory_means_what_is_always_there_and_the_page_says_what_that_is() {
    let app = TestApp::start_with(|settings| {
        settings.insert("CHAT_REALTIME_BUS", "Memory".to_owned());
    })
    .await;
    let token = app.token(&app.admin(1).await);
    let realtime = &app.get("/system/status").bearer(&token).await.ok()["chatRealtime"];
    assert_eq!(
        (&realtime["requestedMode"], &realtime["effectiveMode"]),
        (&"memory".into(), &"pubsub".into())
    );
    assert!(realtime["redisChannel"].is_null(), "{realtime}");
}

#[tokio::test]
async fn a_bus_on_redis_is_told_with_its_channels_and_heard_while_redis_is_there() {
    let mut redis = PrivateRedis::start().await;
    let url = redis.url().to_owned();
    let app = TestApp::start_with(|settings| {
        settings.insert("CHAT_REALTIME_BUS", "Redis".to_owned());
        settings.insert("CHAT_REALTIME_REDIS_CHANNEL", "novedades".to_owned());
        settings.insert("REDIS_URL", url);
        settings.insert("REDIS_KEY_PREFIX", "shops".to_owned());
    })
    .await;
    let token = app.token(&app.admin(1).await);
    app.hears_events().await;
    let realtime = app.get("/system/status").bearer(&token).await.ok()["chatRealtime"].take();
    assert_eq!(
        (&realtime["requestedMode"], &realtime["effectiveMode"]),
        (&"redis".into(), &"redis".into())
    );
    assert_eq!(realtime["redisChannel"], "shops:novedades:*");
    assert!(realtime["lastError"].is_null(), "{realtime}");

    redis.kill().await;

    wait_for("the page to tell that it is deaf", PATIENCE, async || {
        let mut body = app.get("/system/status").bearer(&token).await.ok();
        let error = body["chatRealtime"]["lastError"].take();
        if error == "bus.unavailable" {
            Seen::Done(())
        } else {
            Seen::NotYet(error)
        }
    })
    .await;
    redis.restart().await;
    app.hears_events().await;
}

#[tokio::test]
async fn a_bus_that_cannot_be_heard_is_the_last_error() {
    let app = TestApp::start().await;
    let token = app.token(&app.admin(1).await);
    let deaf = app
        .second_instance(|settings| {
            let nobody = format!("127.0.0.1:{}", free_port().unwrap());
            settings.insert("PUBSUB_EMULATOR_HOST", nobody);
        })
        .await;
    let page = Ask::new(&deaf, Method::GET, "/system/status").bearer(&token);
    let body = page.await.ok();
    assert_eq!(body["chatRealtime"]["lastError"], "bus.unavailable");
}
