use avvivo_kernel::Timestamp;
use avvivo_redis::{GatewayCounts, Redis};
use redis::Commands as _;

use crate::support::TestServer;

fn now() -> Timestamp {
    "2026-03-10T15:00:00Z".parse().unwrap()
}

/// Counts are added up over those that report.
async fn report(redis: &Redis, instance: &str) {
    let open = GatewayCounts::default();
    redis.report_gateway(instance, open, now()).await.unwrap();
}

#[tokio::test]
async fn what_instances_say_is_added_up_until_it_is_taken_back() {
    let server = TestServer::start();
    let redis = server.connect();
    let wanted = ["live:1", "live:2", "shop:a"];
    assert_eq!(redis.counts(&wanted).await.unwrap(), [0, 0, 0]);
    for instance in ["one", "two"] {
        assert!(!redis.keep_counts(instance).await.unwrap());
        report(&redis, instance).await;
    }
    redis
        .report_counts("one", &[("live:1", 3), ("shop:a", 1)])
        .await
        .unwrap();
    redis.report_counts("two", &[("live:1", 4)]).await.unwrap();
    assert_eq!(redis.counts(&wanted).await.unwrap(), [7, 0, 1]);
    redis
        .report_counts("one", &[("shop:a", 0), ("live:2", 2)])
        .await
        .unwrap();
    assert_eq!(redis.counts(&wanted).await.unwrap(), [7, 2, 0]);
    redis.forget_gateway("one").await.unwrap();
    assert_eq!(redis.counts(&wanted).await.unwrap(), [4, 0, 0]);
}

#[tokio::test]
async fn what_an_instance_said_runs_out_as_a_whole_unless_it_says_that_it_is_there() {
    let server = TestServer::start();
    let redis = server.connect();
    let key = "avvivo:heard:one";
    report(&redis, "one").await;
    assert!(!redis.keep_counts("one").await.unwrap(), "it begins");
    redis
        .report_counts("one", &[("live:1", 3), ("shop:a", 1)])
        .await
        .unwrap();
    let left: i64 = server.observer().pttl(key).unwrap();
    assert!((1..=45_000).contains(&left), "{left}");
    let _: bool = server.observer().pexpire(key, 60).unwrap();
    assert!(redis.keep_counts("one").await.unwrap());
    let left: i64 = server.observer().pttl(key).unwrap();
    assert!(left > 60, "{left}");
    // As when it says nothing for that long.
    let _: bool = server.observer().pexpire(key, 0).unwrap();
    assert_eq!(redis.counts(&["live:1", "shop:a"]).await.unwrap(), [0, 0]);
    // What it says meanwhile is not all there was.
    redis.report_counts("one", &[("shop:a", 1)]).await.unwrap();
    assert!(
        !redis.keep_counts("one").await.unwrap(),
        "it has to say everything again"
    );
    assert!(redis.keep_counts("one").await.unwrap());
}

#[tokio::test]
async fn a_thousand_audiences_are_a_few_round_trips() {
    let server = TestServer::start();
    let redis = server.connect();
    report(&redis, "one").await;
    let many: Vec<(String, u32)> = (0..1_234)
        .map(|number| (format!("live:{number}"), 2))
        .collect();
    redis.report_counts("one", &many).await.unwrap();
    let wanted: Vec<&String> = many.iter().map(|(audience, _)| audience).collect();
    assert_eq!(redis.counts(&wanted).await.unwrap(), vec![2; 1_234]);
}
