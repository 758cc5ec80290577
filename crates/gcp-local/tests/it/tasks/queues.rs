//! Queues as resources: create, read, update, pause, purge, delete.

use std::time::Duration;

use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_tasks_v2::model::queue::State;
use google_cloud_tasks_v2::model::{Queue, RateLimits, RetryConfig};
use google_cloud_wkt::FieldMask;

use super::bench::{Bench, LOCATION, create_queue, refusal, task, wire};
use super::target::Target;

#[tokio::test]
async fn pausing_keeps_tasks_and_resuming_sends_them() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    bench.created(task(&target.url, "")).await;
    let queue = bench
        .client
        .get_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("it exists");
    assert_eq!(queue.state, State::Paused);
    assert_eq!((bench.listed().await.len(), target.calls().len()), (1, 0));
    let resumed = bench
        .client
        .resume_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("resumed");
    assert_eq!(resumed.state, State::Running);
    target.arrived(1).await;
}

#[tokio::test]
async fn purging_drops_every_task_and_says_when() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    bench.created(task(&target.url, "")).await;
    let purged = bench
        .client
        .purge_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("purged");
    assert!(purged.purge_time.is_some());
    assert!(bench.listed().await.is_empty());
}

#[tokio::test]
async fn a_queue_has_googles_defaults_and_an_update_changes_what_its_mask_names() {
    let bench = Bench::new(|queue| queue).await;
    let queue = bench
        .client
        .get_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("it exists");
    let (limits, retry) = (
        queue.rate_limits.expect("limits"),
        queue.retry_config.expect("a retry config"),
    );
    assert_eq!(
        (
            limits.max_concurrent_dispatches,
            retry.max_attempts,
            retry.max_doublings
        ),
        (1000, 100, 16)
    );
    assert_eq!(retry.max_backoff, Some(wire(Duration::from_hours(1))));
    let patch = Queue::new()
        .set_name(&bench.queue)
        .set_rate_limits(
            RateLimits::new()
                .set_max_dispatches_per_second(7.0)
                .set_max_concurrent_dispatches(3),
        )
        .set_retry_config(RetryConfig::new().set_max_attempts(9));
    let mask = FieldMask::default().set_paths(["rateLimits.maxDispatchesPerSecond"]);
    let updated = bench
        .client
        .update_queue()
        .set_queue(patch)
        .set_update_mask(mask)
        .send()
        .await
        .expect("updated");
    let (limits, retry) = (
        updated.rate_limits.expect("limits"),
        updated.retry_config.expect("a retry config"),
    );
    assert!((limits.max_dispatches_per_second - 7.0).abs() < f64::EPSILON);
    assert_eq!(
        (
            limits.max_burst_size,
            limits.max_concurrent_dispatches,
            retry.max_attempts
        ),
        (7, 1000, 100)
    );
}

#[tokio::test]
async fn an_update_creates_a_queue_that_is_missing() {
    let bench = Bench::new(|queue| queue).await;
    let name = format!("{LOCATION}/queues/fresh");
    let queue = Queue::new().set_name(&name);
    bench
        .client
        .update_queue()
        .set_queue(queue)
        .send()
        .await
        .expect("created");
    bench
        .client
        .get_queue()
        .set_name(&name)
        .send()
        .await
        .expect("it exists");
}

#[tokio::test]
async fn queues_are_listed_and_deleted_with_their_tasks() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    for id in ["a", "b", "c"] {
        create_queue(&bench.client, id, |queue| queue).await;
    }
    bench
        .created(task(&target.url, "").set_name(bench.name("t")))
        .await;
    let mut pages = bench
        .client
        .list_queues()
        .set_parent(LOCATION)
        .set_page_size(2)
        .by_item();
    let mut ids = Vec::new();
    while let Some(queue) = pages.next().await {
        ids.push(
            queue
                .expect("a page")
                .name
                .rsplit('/')
                .next()
                .expect("an id")
                .to_owned(),
        );
    }
    assert_eq!(ids, ["a", "b", "c", "work"]);
    let elsewhere = bench
        .client
        .list_queues()
        .set_parent("projects/other/locations/x")
        .send()
        .await;
    assert!(elsewhere.expect("an empty page").queues.is_empty());

    bench
        .client
        .delete_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("deleted");
    assert_eq!(
        refusal(bench.client.get_queue().set_name(&bench.queue).send().await),
        404
    );
    create_queue(&bench.client, "work", |queue| queue).await;
    assert!(bench.listed().await.is_empty());
    bench
        .created(task(&target.url, "").set_name(bench.name("t")))
        .await;
    target.arrived(1).await;
}
