use avvivo_kernel::Timestamp;
use avvivo_redis::COUNT_HOLDS;

use crate::support::TestServer;

fn now() -> Timestamp {
    "2026-03-10T15:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn what_instances_say_is_added_up_until_it_is_taken_back_or_runs_out() {
    let server = TestServer::start();
    let redis = server.connect();
    let wanted = ["live:1", "live:2", "shop:a"];
    let later = now() + COUNT_HOLDS;
    redis
        .report_counts("one", &[("live:1", 3), ("shop:a", 1)], now())
        .await
        .unwrap();
    redis
        .report_counts("two", &[("live:1", 4)], now())
        .await
        .unwrap();
    assert_eq!(redis.counts(&wanted, now()).await.unwrap(), [7, 0, 1]);
    redis
        .report_counts("two", &[("live:1", 5)], later)
        .await
        .unwrap();
    redis
        .report_counts("one", &[("shop:a", 0)], now())
        .await
        .unwrap();
    assert_eq!(
        redis.counts(&wanted, later).await.unwrap(),
        [5, 0, 0],
        "one died: what it said has run out"
    );
}

#[tokio::test]
async fn a_thousand_audiences_are_a_few_round_trips() {
    let server = TestServer::start();
    let redis = server.connect();
    let many: Vec<(String, u32)> = (0..1_234)
        .map(|number| (format!("live:{number}"), 2))
        .collect();
    redis.report_counts("one", &many, now()).await.unwrap();
    let wanted: Vec<&String> = many.iter().map(|(audience, _)| audience).collect();
    assert_eq!(redis.counts(&wanted, now()).await.unwrap(), vec![2; 1_234]);
}
