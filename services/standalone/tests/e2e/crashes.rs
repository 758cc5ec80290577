//! Processes that die at the worst moment.

use avvivo_testkit::{Seen, wait_for};
use http::StatusCode;
use serde_json::json;
use sqlx::Connection as _;
use uuid::Uuid;

use crate::support::{
    PATIENCE, media,
    people::Shop,
    platform::Platform,
    processes::{self, Process},
    sse::Sse,
};

pub(crate) async fn a_killed_processor_publishes_late_and_once(platform: &Platform) {
    let shop = platform.shop(1);
    let mut stream = platform.client(1).listen().await;
    let reel = shop.publish_video(&media::heavy_video()).await;
    platform.rows.rendering(reel).await;
    let processor = platform.process("processor").unwrap();
    let scratch = processor.scratch();

    processor.kill();

    // Instead of waiting for a minute; before the next processor asks.
    platform.rows.end_lease(reel).await;
    processes::none_around(&scratch).await;
    platform.restarted("processor", &processor).await;
    assert!(!scratch.exists(), "the next one sweeps");
    platform.google.hurry(reel).await;
    let row = platform.rows.settled(reel).await;
    assert_eq!((row.status.as_str(), row.render_attempts), ("ACTIVE", 2));
    platform.google.forgotten(reel).await;
    counts_once(platform, &shop, &mut stream, reel).await;
}

pub(crate) async fn a_killed_api_costs_no_job(platform: &Platform) {
    let shop = platform.shop(2);
    let mut stream = platform.client(2).listen().await;
    let upload = shop.upload("VIDEO", &media::short_video(), None).await;
    let apis = ["api", "second_api"].map(|port| (port, platform.process(port).unwrap()));

    // Nobody gets to hand anything over, so both apis die between the commit and the queue.
    let holder = platform.rows.hold_relays().await;
    let reel = shop.publish(&upload, None).await;
    for (_, api) in &apis {
        api.kill();
    }
    assert_eq!(platform.rows.waiting_jobs().await, 1);
    assert!(platform.google.tasks().await.is_empty());
    holder.close().await.unwrap();

    let row = platform.rows.settled(reel).await;
    assert_eq!((row.status.as_str(), row.render_attempts), ("ACTIVE", 1));
    platform.google.forgotten(reel).await;
    for (port, dead) in &apis {
        platform.restarted(port, dead).await;
    }
    counts_once(platform, &shop, &mut stream, reel).await;
}

pub(crate) async fn a_killed_proxy_is_there_again(platform: &Platform) {
    let proxies = || -> Vec<Process> {
        let around = processes::around(&platform.data()).into_iter();
        around
            .filter(|process| process.is_running("nginx"))
            .collect()
    };
    let before = proxies();
    let [proxy] = before.as_slice() else {
        panic!("one process, without workers that outlive it: {before:?}");
    };

    proxy.kill();

    let url = format!("{}/ready", platform.base_url());
    wait_for("another proxy to answer", PATIENCE, async || {
        let answer = reqwest::get(&url).await.map(|answer| answer.status());
        match proxies().as_slice() {
            [other] if other.pid != proxy.pid && matches!(answer, Ok(StatusCode::OK)) => {
                Seen::Done(())
            }
            others => Seen::NotYet((others.to_vec(), answer)),
        }
    })
    .await;
}

/// It was announced once, paid once, and a view of it is one view.
async fn counts_once(platform: &Platform, shop: &Shop, stream: &mut Sse, reel: Uuid) {
    let client = platform.client(1);
    for _ in 0..2 {
        client
            .post(&format!("/reels/{reel}/view"), &json!({}))
            .await
            .ok();
    }
    assert_eq!(platform.rows.ledger(reel).await, ["DEBIT 1"]);
    assert_eq!(platform.rows.views(reel).await, 1);
    // Whatever was announced is heard before its withdrawal.
    shop.hide(reel).await;
    let heard = stream
        .until(|frame| frame.is("reels:withdrawn", reel))
        .await;
    let announced = heard
        .iter()
        .filter(|frame| frame.is("reels:published", reel));
    assert_eq!(announced.count(), 1, "{heard:#?}");
}
