//! Redis and PostgreSQL go away under a platform that serves people, and come back.
//!
//! This is the command for a single host, over servers that the test owns.

mod host;
mod load;

use std::time::Duration;

use avvivo_testkit::{Seen, wait_for};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::{PATIENCE, command::run, media, scenarios::Scenarios};
use host::Host;
use load::Load;

/// A request while Redis is away. Counting in memory takes microseconds; the rest is for a machine that is busy.
const QUICK: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_outlives_the_outages_of_its_servers() {
    let mut host = Host::start().await;
    let reel = host.shop.publish_video(&media::short_video()).await;
    host.rows.settled(reel).await;
    let mut scenarios = Scenarios::default();
    scenarios
        .check(
            "nobody else runs over its folder",
            nobody_else_runs_over_its_folder(&host),
        )
        .await;
    scenarios
        .check(
            "without Redis requests go on, counted in memory",
            without_redis_requests_go_on(&mut host, reel),
        )
        .await;
    scenarios
        .check(
            "a restart of PostgreSQL under load costs some answers and no reel",
            a_restart_of_postgres_loses_no_reel(&mut host, reel),
        )
        .await;
    scenarios.finish(|| host.command.log());
}

async fn nobody_else_runs_over_its_folder(host: &Host) {
    let data = host.data();
    for command in ["serve", "dev"] {
        let said = run(&[command, "--data", data.to_str().unwrap()]).await;
        let said = said.badly();
        let running = format!("it runs already, as process {}", host.command.id());
        assert!(said.contains(&running), "{said}");
    }
    assert_eq!(host.ready().await, 200);
}

async fn without_redis_requests_go_on(host: &mut Host, reel: Uuid) {
    assert_eq!(counted_in(host, reel).await, "redis");

    host.redis.kill().await;

    for _ in 0..10 {
        let began = Instant::now();
        assert_eq!(counted_in(host, reel).await, "memory");
        let took = began.elapsed();
        assert!(took < QUICK, "{took:?}");
    }
    assert_eq!(host.ready().await, 200, "nobody needs Redis");

    host.redis.restart().await;

    wait_for(
        "Redis to be used again",
        PATIENCE,
        async || match counted_in(host, reel).await.as_str() {
            "redis" => Seen::Done(()),
            other => Seen::NotYet(other.to_owned()),
        },
    )
    .await;
}

/// Where a request was counted.
async fn counted_in(host: &Host, reel: Uuid) -> String {
    let answer = host
        .client
        .post(&format!("/reels/{reel}/view"), &json!({}))
        .await;
    let store = answer.header("x-ratelimit-store").unwrap().to_owned();
    answer.ok();
    store
}

async fn a_restart_of_postgres_loses_no_reel(host: &mut Host, seen: Uuid) {
    let reel = host.shop.publish_video(&media::heavy_video()).await;
    host.rows.rendering(reel).await;
    let load = Load::start(host, seen);
    load.is_served().await;

    host.kill_postgres().await;
    wait_for("the platform to say so", PATIENCE, async || {
        match host.ready().await {
            503 => Seen::Done(()),
            other => Seen::NotYet(other),
        }
    })
    .await;
    load.is_refused().await;
    host.restart_postgres().await;
    wait_for(
        "the platform to be ready again",
        PATIENCE,
        async || match host.ready().await {
            200 => Seen::Done(()),
            other => Seen::NotYet(other),
        },
    )
    .await;
    load.is_served().await;

    let answers = load.stop().await;
    let unclear: Vec<_> = answers
        .iter()
        .filter(|(answer, _)| *answer != "200" && !answer.starts_with("503 "))
        .collect();
    assert!(unclear.is_empty(), "{answers:?}");
    let row = host.rows.settled(reel).await;
    assert_eq!(row.status, "ACTIVE", "{row:?}");
    assert_eq!(host.rows.ledger(reel).await, ["DEBIT 1"]);
    let later = host.shop.publish_video(&media::short_video()).await;
    assert_eq!(host.rows.settled(later).await.status, "ACTIVE");
    // One account saw it, however often it said so.
    assert_eq!(host.rows.views(seen).await, 1);
}
