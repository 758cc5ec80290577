//! The queue delivers at least once, which at times is twice.

use http::StatusCode;
use reqwest::Client;
use serde_json::Value;

use crate::support::{google::Task, media, platform::Platform};

pub(crate) async fn a_task_delivered_twice_is_rendered_once(platform: &Platform) {
    let shop = platform.shop(2);
    let mut stream = platform.client(2).listen().await;
    platform.google.pause_queue().await;
    let reel = shop.publish_video(&media::short_video()).await;
    let task = platform.google.task_of(reel).await;

    let (first, second) = tokio::join!(deliver(platform, &task), deliver(platform, &task));
    let third = deliver(platform, &task).await;

    // The slower of the two found the renderer busy, or nothing left to do.
    let outcomes = [&first, &second, &third].map(|(_, body)| body["outcome"].as_str());
    let published = outcomes
        .iter()
        .filter(|outcome| **outcome == Some("published"));
    assert_eq!(published.count(), 1, "{first:?} {second:?} {third:?}");
    assert_eq!(outcomes[2], Some("nothing_to_do"));
    for (status, body) in [&first, &second, &third] {
        let expected: &[_] = match body["outcome"].as_str() {
            Some(_) => &[200],
            // Somebody has its lease, or this processor has no place for another.
            None => &[409, 503],
        };
        assert!(expected.contains(&u16::from(*status)), "{status} {body}");
    }

    // The queue's own delivery comes last.
    platform.google.resume_queue().await;
    platform.google.forgotten(reel).await;
    assert_eq!(platform.rows.reel(reel).await.render_attempts, 1);
    assert_eq!(platform.rows.ledger(reel).await, ["DEBIT 1"]);
    // Whatever was announced is heard before its withdrawal.
    shop.hide(reel).await;
    let heard = stream
        .until(|frame| frame.is("reels:withdrawn", reel))
        .await;
    let announced = heard
        .iter()
        .filter(|frame| frame.is("reels:published", reel));
    assert_eq!(announced.count(), 1, "{heard:#?}");
    platform
        .feed_is("without the reel", |feed| !feed.contains(&reel))
        .await;
}

async fn deliver(platform: &Platform, task: &Task) -> (StatusCode, Value) {
    let processor = platform.url_of("processor");
    let token = platform.google.queue_token(&processor).await;
    let post = Client::new()
        .post(format!("{processor}/jobs/reels/render"))
        .header("content-type", "application/x-protobuf")
        .bearer_auth(token)
        .body(task.body.clone());
    let answer = post.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}
