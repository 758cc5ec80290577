//! What a target gets, when, and what its answers do.

use std::time::Duration;

use google_cloud_tasks_v2::model::{
    HttpMethod, OAuthToken, OidcToken, RateLimits, RetryConfig, Task,
};
use serde_json::Value;

use super::bench::{Bench, create_queue, request, task, wire, wire_time};
use super::target::{Reply, SOON, Target};
use crate::issuer::verified;
use crate::support::wait_for;

fn retry() -> RetryConfig {
    RetryConfig::new().set_min_backoff(wire(Duration::from_millis(100)))
}

async fn gone(bench: &Bench, id: &str) {
    let probe = async || match bench.get(id).await {
        Err(error) if error.http_status_code() == Some(404) => Ok(()),
        other => Err(format!("{other:?}")),
    };
    wait_for("the task is gone", SOON, probe).await;
}

#[tokio::test]
async fn a_task_is_pushed_once_with_its_headers_and_body() {
    let bench = Bench::new(|queue| queue).await;
    let target = Target::willing().await;
    let headers = [
        ("Content-Type", "application/json"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("Host", "elsewhere"),
        ("User-Agent", "mine"),
        ("X-Google-Foo", "no"),
        ("X-AppEngine-Foo", "no"),
        ("X-CloudTasks-TaskRetryCount", "7"),
    ];
    let push = request(&target.url)
        .set_http_method(HttpMethod::Put)
        .set_headers(headers)
        .set_body("{\"a\":1}".to_owned());
    let created = bench
        .created(
            Task::new()
                .set_name(bench.name("one"))
                .set_http_request(push),
        )
        .await;
    assert_eq!(created.name, bench.name("one"));

    let call = target.arrived(1).await.remove(0);
    assert_eq!((call.method.as_str(), call.path.as_str()), ("PUT", "/work"));
    assert_eq!(call.body.as_ref(), b"{\"a\":1}");
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("traceparent"), Some(headers[1].1));
    assert_eq!(call.header("user-agent"), Some("Google-Cloud-Tasks"));
    assert!(target.url.contains(call.header("host").expect("a host")));
    assert_eq!(call.header("x-cloudtasks-queuename"), Some("work"));
    assert_eq!(call.header("x-cloudtasks-taskname"), Some("one"));
    assert_eq!(call.count("x-cloudtasks-taskretrycount"), 0);
    assert_eq!(call.count("x-cloudtasks-taskexecutioncount"), 0);
    let eta: f64 = call
        .header("x-cloudtasks-tasketa")
        .and_then(|eta| eta.parse().ok())
        .expect("an ETA");
    let scheduled = created.schedule_time.expect("a schedule");
    assert!(
        (eta - f64::from(i32::try_from(scheduled.seconds()).expect("before 2038"))).abs() < 1.0
    );
    for absent in [
        "x-google-foo",
        "x-appengine-foo",
        "x-cloudtasks-taskpreviousresponse",
        "authorization",
    ] {
        assert_eq!(call.header(absent), None, "{absent}");
    }
    gone(&bench, "one").await;
    assert_eq!(target.calls().len(), 1);
}

#[tokio::test]
async fn a_scheduled_task_waits_for_its_time() {
    let bench = Bench::new(|queue| queue).await;
    let target = Target::willing().await;
    let hour = Duration::from_hours(1);
    let later = wire_time(bench.server.clock().now() + hour);
    bench
        .created(
            task(&target.url, "later")
                .set_name(bench.name("later"))
                .set_schedule_time(later),
        )
        .await;
    bench.created(task(&target.url, "now")).await;
    assert_eq!(target.arrived(1).await[0].body.as_ref(), b"now");
    assert_eq!(
        bench.get("later").await.expect("it waits").dispatch_count,
        0
    );
    bench.server.clock().advance(hour);
    assert_eq!(target.arrived(2).await[1].body.as_ref(), b"later");
}

#[tokio::test]
async fn failures_are_retried_with_backoff_and_then_given_up_silently() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry().set_max_attempts(3))).await;
    let target = Target::start(|_| Reply::Status(500)).await;
    bench
        .created(task(&target.url, "").set_name(bench.name("doomed")))
        .await;
    let calls = target.arrived(3).await;
    gone(&bench, "doomed").await;
    assert_eq!(target.calls().len(), 3);
    for (attempt, call) in (0..).zip(&calls) {
        assert_eq!(call.count("x-cloudtasks-taskretrycount"), attempt);
        assert_eq!(call.count("x-cloudtasks-taskexecutioncount"), attempt);
        assert_eq!(
            call.header("x-cloudtasks-taskpreviousresponse"),
            (attempt > 0).then_some("500")
        );
    }
    assert!(calls[1].at - calls[0].at >= Duration::from_millis(100));
    assert!(
        calls[2].at - calls[1].at >= Duration::from_millis(200),
        "the interval doubles"
    );
}

#[tokio::test]
async fn a_tasks_own_retry_configuration_wins_over_its_queues() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry().set_max_attempts(50))).await;
    let target = Target::start(|_| Reply::Status(404)).await;
    let own = RetryConfig::new().set_max_attempts(2);
    bench
        .created(
            task(&target.url, "")
                .set_name(bench.name("own"))
                .set_retry_config(own),
        )
        .await;
    target.arrived(2).await;
    gone(&bench, "own").await;
    assert_eq!(target.calls().len(), 2);
}

#[tokio::test]
async fn only_an_answer_of_the_two_hundreds_ends_a_task() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry())).await;
    let target = Target::start(|call| match call.count("x-cloudtasks-taskretrycount") {
        0 => Reply::Status(302),
        1 => Reply::Status(404),
        _ => Reply::Status(204),
    })
    .await;
    bench
        .created(task(&target.url, "").set_name(bench.name("t")))
        .await;
    target.arrived(3).await;
    gone(&bench, "t").await;
}

#[tokio::test]
async fn a_target_that_is_not_there_counts_as_an_attempt_without_a_response() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry())).await;
    let closed = Target::willing().await.url.clone();
    bench
        .created(task(&closed, "").set_name(bench.name("t")))
        .await;
    let probe = async || {
        let task = bench.get("t").await.expect("it waits");
        if task.dispatch_count >= 2 {
            Ok(task)
        } else {
            Err(task.dispatch_count)
        }
    };
    let task = wait_for("a second attempt", SOON, probe).await;
    assert_eq!(task.response_count, 0);
    assert!(task.first_attempt.is_some());
}

#[tokio::test]
async fn retry_after_holds_the_next_attempt_back() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry())).await;
    let target = Target::start(|call| match call.count("x-cloudtasks-taskretrycount") {
        0 => Reply::RetryAfter(503, 600),
        _ => Reply::Status(200),
    })
    .await;
    bench
        .created(task(&target.url, "").set_name(bench.name("t")))
        .await;
    let probe = async || {
        let task = bench.get("t").await.expect("it waits");
        if task.response_count == 1 {
            Ok(task)
        } else {
            Err(task)
        }
    };
    let task = wait_for("the first answer is recorded", SOON, probe).await;
    let due = task.schedule_time.expect("a schedule").seconds();
    assert!(due >= bench.server.clock().now().timestamp() + 590);
    let status = task
        .last_attempt
        .and_then(|last| last.response_status)
        .expect("a status");
    assert_eq!(
        (status.code, status.message.as_str()),
        (14, "UNAVAILABLE(14): HTTP status code 503")
    );
    bench.server.clock().advance(Duration::from_mins(10));
    target.arrived(2).await;
}

#[tokio::test]
async fn an_attempt_is_cancelled_at_its_deadline_and_counted() {
    let bench = Bench::new(|queue| queue.set_retry_config(retry())).await;
    let target = Target::start(|call| match call.count("x-cloudtasks-taskretrycount") {
        0 => Reply::Held,
        _ => Reply::Status(200),
    })
    .await;
    let deadline = Duration::from_secs(15);
    bench
        .created(task(&target.url, "").set_dispatch_deadline(wire(deadline)))
        .await;
    target.arrived(1).await;
    bench.server.clock().advance(deadline);
    let again = target.arrived(2).await.remove(1);
    assert_eq!(again.count("x-cloudtasks-taskretrycount"), 1);
    assert_eq!(
        again.count("x-cloudtasks-taskexecutioncount"),
        0,
        "nothing was answered"
    );
    assert!(
        again
            .header("x-cloudtasks-taskretryreason")
            .is_some_and(|why| why.starts_with("DEADLINE_EXCEEDED"))
    );
}

#[tokio::test]
async fn the_rate_is_held_after_a_burst_of_one_second() {
    let limits = RateLimits::new().set_max_dispatches_per_second(5.0);
    let bench = Bench::new(|queue| queue.set_rate_limits(limits)).await;
    let target = Target::willing().await;
    for _ in 0..8 {
        bench.created(task(&target.url, "")).await;
    }
    let calls = target.arrived(8).await;
    let spread = calls[7].at - calls[0].at;
    assert!(
        spread >= Duration::from_millis(500),
        "five at once, three more at 5/s: {spread:?}"
    );
}

#[tokio::test]
async fn no_more_attempts_run_at_once_than_the_queue_allows() {
    let limits = RateLimits::new().set_max_concurrent_dispatches(2);
    let bench = Bench::new(|queue| queue.set_rate_limits(limits)).await;
    let target = Target::start(|_| Reply::Held).await;
    for _ in 0..4 {
        bench.created(task(&target.url, "")).await;
    }
    target.arrived(2).await;
    target.release(1);
    target.arrived(3).await;
    target.release(3);
    target.arrived(4).await;
}

#[tokio::test]
async fn a_paused_and_a_slow_queue_keep_no_other_waiting() {
    let bench = Bench::new(|queue| {
        queue.set_rate_limits(RateLimits::new().set_max_dispatches_per_second(0.01))
    })
    .await;
    let paused = create_queue(&bench.client, "paused", |queue| queue).await;
    bench
        .client
        .pause_queue()
        .set_name(&paused)
        .send()
        .await
        .expect("paused");
    let quick = create_queue(&bench.client, "quick", |queue| queue).await;
    let target = Target::willing().await;
    for _ in 0..20 {
        bench.created(task(&target.url, "slow")).await;
        let waiting = bench
            .client
            .create_task()
            .set_parent(&paused)
            .set_task(task(&target.url, "paused"));
        waiting.send().await.expect("created");
    }
    for _ in 0..20 {
        let wanted = bench
            .client
            .create_task()
            .set_parent(&quick)
            .set_task(task(&target.url, "quick"));
        wanted.send().await.expect("created");
    }
    let calls = target.arrived(21).await;
    let of = |body: &str| {
        calls
            .iter()
            .filter(|call| call.body == body.as_bytes())
            .count()
    };
    assert_eq!((of("quick"), of("slow"), of("paused")), (20, 1, 0));
}

#[tokio::test]
async fn a_task_carries_a_token_that_verifies() {
    let bench = Bench::new(|queue| queue).await;
    let target = Target::willing().await;
    let email = "tasks@demo-local.iam.gserviceaccount.com";
    let oidc = |audience: &str| {
        OidcToken::new()
            .set_service_account_email(email)
            .set_audience(audience)
    };
    let forged = [("Authorization", "Bearer forged")];
    let with = |audience: &str| {
        request(&target.url)
            .set_headers(forged)
            .set_oidc_token(oidc(audience))
    };
    bench
        .created(Task::new().set_http_request(with("https://reels.internal")))
        .await;
    let first = target.arrived(1).await.remove(0);
    bench.created(Task::new().set_http_request(with(""))).await;
    let second = target.arrived(2).await.remove(1);
    for (call, audience) in [
        (first, "https://reels.internal"),
        (second, target.url.as_str()),
    ] {
        let token = call
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .expect("a token");
        let claims: Value = verified(token, &bench.server.issuer().google_jwks_url(), audience)
            .await
            .expect("it verifies");
        assert_eq!(claims["email"], email);
        assert_eq!(claims["iss"], "https://accounts.google.com");
        assert_eq!(claims["email_verified"], true);
    }
    let oauth = OAuthToken::new().set_service_account_email(email);
    bench
        .created(Task::new().set_http_request(request(&target.url).set_oauth_token(oauth)))
        .await;
    let third = target.arrived(3).await.remove(2);
    assert!(
        third
            .header("authorization")
            .is_some_and(|value| value.starts_with("Bearer ya29."))
    );
}
