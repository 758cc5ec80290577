use std::time::{Duration, Instant};

use avvivo_redis::{CommandStatus, Limit, RateLimiter, Redis, RedisError, RedisSettings, Store};

use crate::support::{TestServer, wait_until};

const LIMIT: Limit = Limit {
    max: 80,
    window: Duration::from_secs(10),
};

async fn store(limiter: &RateLimiter) -> Store {
    limiter.hit("rate-limit", "203.0.113.9", LIMIT).await.store
}

/// The whole time that `hits` hits take, one after the other.
async fn cost(limiter: &RateLimiter, hits: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..hits {
        assert_eq!(store(limiter).await, Store::Memory);
    }
    began.elapsed()
}

#[tokio::test]
async fn a_killed_redis_costs_little_and_is_used_again_when_it_is_back() {
    let mut server = TestServer::start();
    let redis = server.connect();
    let limiter = RateLimiter::new(Some(redis.clone()));
    assert_eq!(store(&limiter).await, Store::Redis);
    assert_eq!(redis.status().command_status, CommandStatus::Ready);

    server.kill();
    let first = cost(&limiter, 5).await;
    assert!(
        first < Duration::from_secs(1),
        "the beginning of the outage: {first:?}"
    );
    assert_eq!(redis.status().command_status, CommandStatus::Reconnecting);
    let thousand = cost(&limiter, 1_000).await;
    assert!(
        thousand < Duration::from_millis(200),
        "a thousand hits: {thousand:?}"
    );

    server.restart();
    wait_until("Redis is used again", async || {
        store(&limiter).await == Store::Redis
    })
    .await;
    assert_eq!(redis.status().command_status, CommandStatus::Ready);
}

#[tokio::test]
async fn a_frozen_redis_costs_its_deadline_a_few_times_and_then_nothing() {
    let server = TestServer::start();
    let redis = server.connect();
    let limiter = RateLimiter::new(Some(redis.clone()));
    assert_eq!(store(&limiter).await, Store::Redis);

    server.freeze();
    let first = cost(&limiter, 5).await;
    let thousand = cost(&limiter, 1_000).await;
    server.thaw();
    assert!(
        first < Duration::from_secs(2),
        "the beginning of the outage: {first:?}"
    );
    assert!(
        thousand < Duration::from_millis(200),
        "a thousand hits: {thousand:?}"
    );
    wait_until("Redis is used again", async || {
        store(&limiter).await == Store::Redis
    })
    .await;
}

#[tokio::test]
async fn a_service_starts_without_redis_and_finds_it_later() {
    let mut server = TestServer::start();
    server.kill();
    let redis = server.connect();
    assert_eq!(redis.status().command_status, CommandStatus::Idle);
    let limiter = RateLimiter::new(Some(redis));
    assert_eq!(store(&limiter).await, Store::Memory);
    server.restart();
    wait_until("Redis is used", async || {
        store(&limiter).await == Store::Redis
    })
    .await;
}

#[tokio::test]
async fn a_refused_password_heals_once_it_is_right() {
    let server = TestServer::start();
    let mut observer = server.observer();
    let right: Vec<String> = redis::cmd("CONFIG")
        .arg("GET")
        .arg("requirepass")
        .query(&mut observer)
        .unwrap();
    let set = |observer: &mut redis::Connection, password: &str| {
        let mut command = redis::cmd("CONFIG");
        command
            .arg("SET")
            .arg("requirepass")
            .arg(password)
            .exec(observer)
            .unwrap();
    };
    set(&mut observer, "rotated");
    let limiter = RateLimiter::new(Some(server.connect()));
    cost(&limiter, 10).await;
    set(&mut observer, right.last().unwrap());
    wait_until("Redis is used", async || {
        store(&limiter).await == Store::Redis
    })
    .await;
}

#[tokio::test]
async fn a_mistake_in_one_command_does_not_count_against_the_server() {
    let server = TestServer::start();
    let redis = server.connect();
    for _ in 0..10 {
        let answer = redis
            .call(|mut connection| async move {
                redis::cmd("NONSENSE").exec_async(&mut connection).await
            })
            .await;
        assert!(matches!(answer, Err(RedisError::Failed(_))), "{answer:?}");
    }
    redis.ping().await.unwrap();
}

#[tokio::test]
async fn after_closing_nothing_is_sent() {
    let server = TestServer::start();
    let redis = server.connect();
    redis.ping().await.unwrap();
    redis.close().await;
    assert!(matches!(redis.ping().await, Err(RedisError::Away)));
    assert_eq!(redis.status().command_status, CommandStatus::End);
}

#[tokio::test]
async fn a_broken_address_is_told_at_once_and_shows_no_password() {
    let settings = RedisSettings {
        url: "gopher://:hunter2@cache".into(),
        key_prefix: String::new(),
        tls: false,
    };
    let error = Redis::connect(&settings).unwrap_err();
    assert!(matches!(error, RedisError::Address(_)));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[tokio::test]
async fn tls_can_be_asked_for_beside_the_address() {
    let settings = RedisSettings {
        url: "redis://127.0.0.1:1".into(),
        key_prefix: "shops".to_owned(),
        tls: true,
    };
    let status = Redis::connect(&settings).unwrap().status();
    assert!(status.configured && status.tls);
    assert_eq!(status.key_prefix.as_deref(), Some("shops"));
}
