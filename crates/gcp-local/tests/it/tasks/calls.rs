//! Tasks as resources: deduplication, views, pages, run, delete, and what is refused.

use std::time::Duration;

use google_cloud_tasks_v2::model::task::View;
use google_cloud_tasks_v2::model::{Queue, Task};

use super::bench::{Bench, LOCATION, refusal, request, task, wire, wire_time};
use super::target::{Reply, SOON, Target};
use crate::support::wait_for;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_name_is_taken_while_its_task_exists_and_a_day_after_it_is_gone() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    let named = |id: &str| task(&target.url, "").set_name(bench.name(id));
    bench.created(named("run")).await;
    bench.created(named("deleted")).await;
    bench.created(named("purged")).await;
    assert_eq!(refusal(bench.create(named("run")).await), 409);
    bench
        .client
        .delete_task()
        .set_name(bench.name("deleted"))
        .send()
        .await
        .expect("deleted");
    bench
        .client
        .run_task()
        .set_name(bench.name("run"))
        .send()
        .await
        .expect("run");
    target.arrived(1).await;
    let probe = async || bench.get("run").await.map_or(Ok(()), Err);
    wait_for("the task is gone", SOON, probe).await;
    bench
        .client
        .purge_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("purged");
    for id in ["run", "deleted", "purged"] {
        assert_eq!(refusal(bench.create(named(id)).await), 409, "{id}");
    }
    bench.server.clock().advance(DAY);
    for id in ["run", "deleted", "purged"] {
        bench.created(named(id)).await;
    }
}

#[tokio::test]
async fn the_body_is_shown_only_in_the_full_view() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    let created = bench
        .created(task(&target.url, "secret").set_name(bench.name("t")))
        .await;
    assert_eq!(created.view, View::Basic);
    assert_eq!(
        created.dispatch_deadline,
        Some(wire(Duration::from_mins(10)))
    );
    assert!(created.create_time.is_some());
    let body = |task: &Task| task.http_request().expect("an HTTP task").body.clone();
    assert!(body(&created).is_empty());
    let full = bench
        .client
        .get_task()
        .set_name(bench.name("t"))
        .set_response_view(View::Full)
        .send()
        .await;
    let full = full.expect("it exists");
    assert_eq!(
        (full.view.clone(), body(&full).as_ref()),
        (View::Full, b"secret".as_slice())
    );
    assert!(body(&bench.get("t").await.expect("it exists")).is_empty());
}

#[tokio::test]
async fn tasks_are_listed_page_by_page() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    for number in 0..5 {
        bench
            .created(task(&target.url, "").set_name(bench.name(&format!("t{number}"))))
            .await;
    }
    let names: Vec<_> = bench
        .listed()
        .await
        .into_iter()
        .map(|task| task.name)
        .collect();
    assert_eq!(
        names,
        (0..5)
            .map(|number| bench.name(&format!("t{number}")))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn run_task_ignores_the_pause_and_a_failure_leaves_the_task_waiting() {
    let bench = Bench::paused().await;
    let target = Target::start(|_| Reply::Status(500)).await;
    bench
        .created(task(&target.url, "").set_name(bench.name("t")))
        .await;
    let run = bench
        .client
        .run_task()
        .set_name(bench.name("t"))
        .send()
        .await
        .expect("it runs");
    assert_eq!(run.dispatch_count, 1);
    target.arrived(1).await;
    let probe = async || {
        let task = bench.get("t").await.expect("it waits");
        if task.response_count == 1 {
            Ok(())
        } else {
            Err(task)
        }
    };
    wait_for("the answer is recorded", SOON, probe).await;
    assert_eq!(
        refusal(
            bench
                .client
                .run_task()
                .set_name(bench.name("other"))
                .send()
                .await
        ),
        404
    );
}

#[tokio::test]
async fn a_deleted_task_is_not_sent() {
    let bench = Bench::paused().await;
    let target = Target::willing().await;
    bench
        .created(task(&target.url, "deleted").set_name(bench.name("t")))
        .await;
    bench
        .client
        .delete_task()
        .set_name(bench.name("t"))
        .send()
        .await
        .expect("deleted");
    assert_eq!(
        refusal(
            bench
                .client
                .delete_task()
                .set_name(bench.name("t"))
                .send()
                .await
        ),
        404
    );
    bench
        .client
        .resume_queue()
        .set_name(&bench.queue)
        .send()
        .await
        .expect("resumed");
    bench.created(task(&target.url, "kept")).await;
    assert_eq!(target.arrived(1).await[0].body.as_ref(), b"kept");
}

#[tokio::test]
async fn what_google_refuses_is_refused() {
    let bench = Bench::new(|queue| queue).await;
    let url = "http://127.0.0.1:9/";
    let duplicate = bench
        .client
        .create_queue()
        .set_parent(LOCATION)
        .set_queue(Queue::new().set_name(&bench.queue));
    assert_eq!(refusal(duplicate.send().await), 409);
    let nowhere = bench
        .client
        .create_task()
        .set_parent(format!("{LOCATION}/queues/none"))
        .set_task(task(url, ""));
    assert_eq!(refusal(nowhere.send().await), 404);
    let short = task(url, "").set_dispatch_deadline(wire(Duration::from_secs(14)));
    let far = bench.server.clock().now() + 31 * DAY;
    let far = task(url, "").set_schedule_time(wire_time(far));
    let huge = task(url, &"x".repeat((1 << 20) + 1));
    let nameless = task(url, "").set_name("nonsense");
    let ftp = Task::new().set_http_request(request("ftp://host/"));
    for (what, task) in [
        ("deadline", short),
        ("schedule", far),
        ("size", huge),
        ("name", nameless),
        ("url", ftp),
    ] {
        assert_eq!(refusal(bench.create(task).await), 400, "{what}");
    }
}

#[tokio::test]
async fn rest_answers_in_googles_error_shape() {
    let bench = Bench::new(|queue| queue).await;
    let url = format!("{}/v2/{}/tasks/none", bench.server.url(), bench.queue);
    let answer = reqwest::get(url).await.expect("an answer");
    assert_eq!(answer.status(), 404);
    let body: serde_json::Value =
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["error"]["code"], 404);
    assert_eq!(body["error"]["status"], "NOT_FOUND");
    let batch = format!(
        "{}/v2/{}/tasks:batchCreate",
        bench.server.url(),
        bench.queue
    );
    assert_eq!(
        reqwest::Client::new()
            .post(batch)
            .send()
            .await
            .expect("an answer")
            .status(),
        501
    );
}
