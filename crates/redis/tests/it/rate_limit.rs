use std::{collections::BTreeSet, sync::Arc, time::Duration};

use avvivo_redis::{Limit, RateLimiter, Store};
use futures::future::join_all;
use redis::Commands;

use crate::support::{TestServer, wait_until};

const LIMIT: Limit = Limit {
    max: 80,
    window: Duration::from_secs(10),
};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_hits_at_once_are_each_counted_once() {
    let server = TestServer::start();
    // Two processes that share a limit.
    let limiters: Vec<_> = (0..2)
        .map(|_| Arc::new(RateLimiter::new(Some(server.connect()))))
        .collect();
    let hits = (0..200_usize).map(|number| {
        let limiter = Arc::clone(limiters.get(number % 2).unwrap());
        async move { limiter.hit("rate-limit", "203.0.113.9", LIMIT).await }
    });
    let decisions = join_all(hits).await;
    assert!(
        decisions
            .iter()
            .all(|decision| decision.store == Store::Redis)
    );
    let allowed: Vec<u32> = decisions
        .iter()
        .filter(|decision| decision.allowed)
        .map(|decision| decision.remaining)
        .collect();
    assert_eq!(allowed.len(), 80);
    let distinct: BTreeSet<u32> = allowed.into_iter().collect();
    assert_eq!(
        distinct,
        (0..80).collect(),
        "no two hits got the same count"
    );
    let stored: u32 = server
        .observer()
        .get("avvivo:rate-limit:203.0.113.9")
        .unwrap();
    assert_eq!(stored, 200);
}

#[tokio::test]
async fn a_counter_never_lacks_its_expiry() {
    let server = TestServer::start();
    let limiter = RateLimiter::new(Some(server.connect()));
    let mut observer = server.observer();
    for hit in 0..100 {
        let decision = limiter.hit("rate-limit", "a", LIMIT).await;
        let left: i64 = observer.pttl("avvivo:rate-limit:a").unwrap();
        assert!((1..=10_000).contains(&left), "after hit {hit}: {left}");
        assert!(decision.resets_in <= LIMIT.window);
    }
    // Left behind by something else, without an expiry and far over the limit.
    observer
        .set::<_, _, ()>("avvivo:rate-limit:b", 1_000)
        .unwrap();
    let decision = limiter.hit("rate-limit", "b", LIMIT).await;
    assert!(!decision.allowed && decision.retry_after_seconds() == 10);
    assert!(observer.pttl::<_, i64>("avvivo:rate-limit:b").unwrap() > 0);
}

#[tokio::test]
async fn counting_and_arming_the_expiry_are_one_command() {
    let server = TestServer::start();
    let limiter = RateLimiter::new(Some(server.connect()));
    // The first hit brings the script along.
    limiter.hit("rate-limit", "a", LIMIT).await;
    let mut observer = server.observer();
    redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .exec(&mut observer)
        .unwrap();
    for _ in 0..20 {
        limiter.hit("rate-limit", "a", LIMIT).await;
    }
    let told: String = redis::cmd("INFO")
        .arg("commandstats")
        .query(&mut observer)
        .unwrap();
    let calls = |command: &str| {
        let line = format!("cmdstat_{command}:calls=");
        let rest = told.split(&line).nth(1)?;
        rest.split(',').next()?.parse::<u32>().ok()
    };
    // A death between two commands could leave a counter that never ends; nobody dies within one.
    assert_eq!(calls("evalsha"), Some(20), "{told}");
    assert_eq!(calls("multi").or(calls("pexpire")), None, "{told}");
}

#[tokio::test]
async fn the_count_starts_over_when_the_window_ends() {
    let server = TestServer::start();
    let limit = Limit {
        max: 1,
        window: Duration::from_millis(300),
    };
    for redis in [Some(server.connect()), None] {
        let limiter = RateLimiter::new(redis);
        assert!(limiter.hit("rate-limit", "a", limit).await.allowed);
        assert!(!limiter.hit("rate-limit", "a", limit).await.allowed);
        wait_until("the window ends", async || {
            limiter.hit("rate-limit", "a", limit).await.allowed
        })
        .await;
    }
}

#[tokio::test]
async fn namespaces_and_keys_do_not_share_counters() {
    let server = TestServer::start();
    let redis = server.connect();
    let mut observer = server.observer();
    let limit = Limit { max: 1, ..LIMIT };
    let limiter = RateLimiter::new(Some(redis));
    for namespace in ["rate-limit", "self-register-ip"] {
        for key in ["203.0.113.9", "203.0.113.10"] {
            assert!(
                limiter.hit(namespace, key, limit).await.allowed,
                "{namespace} {key}"
            );
            let stored = format!("avvivo:{namespace}:{key}");
            assert!(observer.exists::<_, bool>(&stored).unwrap(), "{stored}");
        }
    }
}

#[tokio::test]
async fn without_redis_the_process_counts_by_itself_within_bounds() {
    let limiter = RateLimiter::new(None);
    for number in 0..100_000 {
        let decision = limiter
            .hit("rate-limit", &format!("key {number}"), LIMIT)
            .await;
        assert_eq!((decision.store, decision.remaining), (Store::Memory, 79));
    }
    assert!(
        limiter.keys_in_memory() <= 20_000,
        "{}",
        limiter.keys_in_memory()
    );
}
