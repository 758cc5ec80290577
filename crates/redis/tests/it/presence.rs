use avvivo_kernel::Timestamp;
use avvivo_redis::{GatewayCounts, GatewayTotals};
use chrono::TimeDelta;
use redis::Commands;

use crate::support::TestServer;

const KEY: &str = "avvivo:realtime:gateways";

fn now() -> Timestamp {
    "2026-03-10T15:00:00Z".parse().unwrap()
}

fn counts(channels: u64, connections: u64) -> GatewayCounts {
    GatewayCounts {
        channels,
        connections,
    }
}

fn totals(instances: u64, channels: u64, connections: u64) -> GatewayTotals {
    GatewayTotals {
        instances,
        channels,
        connections,
    }
}

#[tokio::test]
async fn the_latest_report_of_every_gateway_counts_until_it_takes_its_leave() {
    let server = TestServer::start();
    let redis = server.connect();
    assert_eq!(
        redis.gateway_totals(now()).await.unwrap(),
        GatewayTotals::default()
    );
    redis
        .report_gateway("a", counts(9, 9), now())
        .await
        .unwrap();
    redis
        .report_gateway("a", counts(1, 2), now())
        .await
        .unwrap();
    redis
        .report_gateway("b", counts(10, 20), now())
        .await
        .unwrap();
    assert_eq!(
        redis.gateway_totals(now()).await.unwrap(),
        totals(2, 11, 22)
    );
    redis.forget_gateway("b").await.unwrap();
    assert_eq!(redis.gateway_totals(now()).await.unwrap(), totals(1, 1, 2));
}

#[tokio::test]
async fn a_gateway_that_died_is_cleared_away_by_the_next_report_of_another() {
    let server = TestServer::start();
    let redis = server.connect();
    redis
        .report_gateway("dead", counts(7, 7), now())
        .await
        .unwrap();
    let later = now() + TimeDelta::minutes(2);
    assert_eq!(
        redis.gateway_totals(later).await.unwrap(),
        GatewayTotals::default()
    );
    redis
        .report_gateway("alive", counts(1, 1), later)
        .await
        .unwrap();
    let fields: Vec<String> = server.observer().hkeys(KEY).unwrap();
    assert_eq!(fields, ["alive"]);
}
