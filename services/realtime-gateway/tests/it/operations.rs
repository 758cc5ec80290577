//! What operators see.

use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_redis::{Redis, RedisSettings};
use avvivo_testkit::{PrivateRedis, Seen, wait_for};

use crate::{
    events::{publish, withdrawn},
    people::CARO,
    world::{PATIENCE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_deliveries_are_counted_and_timed() {
    let world = World::start().await;
    let mut stream = world.connect(CARO).await;
    publish(&world.bus, &[withdrawn(1)]).await;
    publish(&world.bus, &[withdrawn(1), withdrawn(2)]).await;
    stream.next().await;
    stream.next().await;
    let expected = [
        "avvivo_sse_connections 1",
        "avvivo_sse_connects_total{class=\"client\"} 1",
        "avvivo_sse_write_events_count 2",
        "avvivo_sse_lag_events_count 2",
        "avvivo_sse_readers{class=\"client\"} 1",
        "avvivo_sse_ring_events 2",
        "avvivo_sse_deliveries_total{event=\"reels:withdrawn\"} 2",
        "avvivo_sse_delivery_latency_seconds_count{event=\"reels:withdrawn\"} 2",
        "avvivo_bus_lag_seconds_count 2",
        "avvivo_bus_repeats_total 1",
        "avvivo_bus_heard 1",
    ];
    wait_for("the metrics", PATIENCE, async || {
        let answer = reqwest::get(format!("{}/metrics", world.url))
            .await
            .unwrap();
        let text = answer.text().await.unwrap();
        let missing = expected.iter().find(|line| !text.contains(*line));
        missing.map_or(Seen::Done(()), |line| Seen::NotYet((*line, text)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_reported_and_taken_back_at_the_end() {
    let server = PrivateRedis::start().await;
    let world = World::start_with(|settings| {
        settings.insert("REDIS_URL", server.url().to_owned());
    })
    .await;
    let redis = Redis::connect(&RedisSettings {
        url: server.url().into(),
        key_prefix: "avvivo".to_owned(),
        tls: false,
    })
    .unwrap();
    let instances = async || {
        redis
            .gateway_totals(SystemClock.now())
            .await
            .map(|totals| totals.instances)
    };
    wait_for("the report", PATIENCE, async || match instances().await {
        Ok(1) => Seen::Done(()),
        other => Seen::NotYet(other),
    })
    .await;
    world.lifecycle.stop();
    world.lifecycle.run_until_stopped().await.unwrap();
    assert_eq!(instances().await.unwrap(), 0);
}
