//! The queue without sockets, disk or waiting.

use super::*;
use crate::tasks::task_spec::Naming;
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000 + milliseconds).unwrap()
}

fn queue(config: Value) -> QueueState {
    QueueState::new(
        QueueSpec::new(&serde_json::from_value(config).unwrap()).unwrap(),
        at(0),
    )
}

fn add(queue: &mut QueueState, serial: Serial, due: DateTime<Utc>) -> TaskId {
    let task =
        serde_json::from_value(json!({"httpRequest": {"url": "http://127.0.0.1/"}})).unwrap();
    let id = TaskId::parse(&format!("t{serial}")).unwrap();
    let (spec, _) = TaskSpec::new(id.clone(), Naming::Chosen, task, at(0)).unwrap();
    queue.add(serial, Arc::new(spec), Progress::due(due));
    id
}

fn dispatch(queue: &mut QueueState, now: DateTime<Utc>) -> Job {
    match queue.next(now) {
        Step::Dispatch(job) => *job,
        Step::Wait(until) => panic!("waits until {until:?}"),
    }
}

fn wait(queue: &mut QueueState, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match queue.next(now) {
        Step::Dispatch(job) => panic!("dispatches {}", job.spec.id),
        Step::Wait(until) => until,
    }
}

fn end(queue: &mut QueueState, job: &Job, status: u16, now: DateTime<Utc>) -> Settlement {
    let outcome = Outcome::Answered {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
    };
    let settlement = queue.settle(job, &outcome, now);
    queue.close(job, settlement.clone());
    settlement
}

#[test]
fn tasks_start_in_the_order_they_are_due_and_not_before() {
    let mut queue = queue(json!({}));
    add(&mut queue, 1, at(200));
    add(&mut queue, 2, at(100));
    assert_eq!(wait(&mut queue, at(0)), Some(at(100)));
    assert_eq!(dispatch(&mut queue, at(100)).serial, 2);
    assert_eq!(wait(&mut queue, at(100)), Some(at(200)));
    assert_eq!(dispatch(&mut queue, at(300)).serial, 1);
    assert_eq!(wait(&mut queue, at(300)), None);
}

#[test]
fn concurrency_is_bounded_and_a_finished_attempt_frees_its_place() {
    let mut queue = queue(json!({"rateLimits": {"maxConcurrentDispatches": 2}}));
    (1..=3).for_each(|serial| drop(add(&mut queue, serial, at(0))));
    let first = dispatch(&mut queue, at(0));
    dispatch(&mut queue, at(0));
    assert_eq!(wait(&mut queue, at(0)), None);
    end(&mut queue, &first, 200, at(1));
    assert_eq!(dispatch(&mut queue, at(1)).serial, 3);
}

#[test]
fn the_rate_is_held_after_the_burst() {
    let mut queue = queue(json!({"rateLimits": {"maxDispatchesPerSecond": 2}}));
    (1..=3).for_each(|serial| drop(add(&mut queue, serial, at(0))));
    dispatch(&mut queue, at(0));
    dispatch(&mut queue, at(0));
    let next = wait(&mut queue, at(0)).unwrap();
    assert_eq!((next - at(0)).num_milliseconds(), 500);
    assert_eq!(dispatch(&mut queue, next).serial, 3);
}

#[test]
fn failures_back_off_and_the_last_one_gives_up() {
    let mut queue = queue(json!({"retryConfig": {"maxAttempts": 3, "minBackoff": "1s"}}));
    let id = add(&mut queue, 1, at(0));
    let job = dispatch(&mut queue, at(0));
    assert!(matches!(
        end(&mut queue, &job, 500, at(10)),
        Settlement::Retry(_)
    ));
    assert_eq!(wait(&mut queue, at(10)), Some(at(1_010)));
    let job = dispatch(&mut queue, at(1_010));
    assert_eq!(
        (
            job.progress.dispatches,
            job.progress.responses,
            job.progress.previous_response
        ),
        (2, 1, Some(500))
    );
    assert_eq!(
        job.retry_reason.as_deref(),
        Some("INTERNAL(13): HTTP status code 500")
    );
    end(&mut queue, &job, 500, at(1_020));
    assert_eq!(wait(&mut queue, at(1_020)), Some(at(3_020)));
    let job = dispatch(&mut queue, at(3_020));
    assert!(matches!(
        end(&mut queue, &job, 500, at(3_030)),
        Settlement::GivenUp
    ));
    assert!(queue.get(&id).is_none());
}

#[test]
fn retry_after_delays_beyond_the_backoff() {
    let mut queue = queue(json!({}));
    add(&mut queue, 1, at(0));
    let job = dispatch(&mut queue, at(0));
    let retry_after = Some(Duration::from_secs(7));
    let overload = Outcome::Answered {
        status: StatusCode::SERVICE_UNAVAILABLE,
        retry_after,
    };
    let settlement = queue.settle(&job, &overload, at(0));
    queue.close(&job, settlement);
    assert_eq!(wait(&mut queue, at(0)), Some(at(7_000)));
}

#[test]
fn a_paused_queue_starts_nothing_but_a_forced_attempt() {
    let mut queue = queue(json!({"retryConfig": {"minBackoff": "5s"}}));
    let id = add(&mut queue, 1, at(0));
    queue.paused = true;
    assert_eq!(wait(&mut queue, at(0)), None);
    let job = queue.force(&id, at(1_000)).unwrap();
    end(&mut queue, &job, 500, at(3_000));
    let task = queue.get(&id).unwrap();
    assert_eq!(
        task.progress.due,
        at(6_000),
        "the retry delay counts from the call"
    );
    queue.paused = false;
    assert_eq!(wait(&mut queue, at(3_000)), Some(at(6_000)));
}

#[test]
fn an_attempt_of_a_deleted_task_settles_nothing() {
    let mut queue = queue(json!({"rateLimits": {"maxConcurrentDispatches": 1}}));
    let id = add(&mut queue, 1, at(0));
    let job = dispatch(&mut queue, at(0));
    queue.remove(1, &id);
    let spec = Arc::clone(&job.spec);
    queue.add(2, spec, Progress::due(at(0)));
    assert!(matches!(
        end(&mut queue, &job, 200, at(1)),
        Settlement::Gone
    ));
    assert_eq!(
        dispatch(&mut queue, at(1)).serial,
        2,
        "the namesake is untouched and the place is free"
    );
}

#[test]
fn a_forced_attempt_beside_a_running_one_leaves_one_retry() {
    let mut queue = queue(json!({"retryConfig": {"minBackoff": "1s"}}));
    let id = add(&mut queue, 1, at(0));
    let ordinary = dispatch(&mut queue, at(0));
    let forced = queue.force(&id, at(0)).unwrap();
    end(&mut queue, &ordinary, 500, at(10));
    assert_eq!(wait(&mut queue, at(10)), None, "it still runs");
    end(&mut queue, &forced, 500, at(20));
    assert!(wait(&mut queue, at(20)).is_some());
}

#[test]
fn a_purge_leaves_nothing_to_do() {
    let mut queue = queue(json!({}));
    (1..=3).for_each(|serial| drop(add(&mut queue, serial, at(0))));
    let job = dispatch(&mut queue, at(0));
    queue.purge(at(1));
    assert_eq!(wait(&mut queue, at(1)), None);
    assert!(matches!(
        end(&mut queue, &job, 500, at(2)),
        Settlement::Gone
    ));
    assert_eq!(queue.page(None, 10).count(), 0);
}

#[test]
fn pages_follow_one_another_by_id() {
    let mut queue = queue(json!({}));
    (1..=5).for_each(|serial| drop(add(&mut queue, serial, at(0))));
    let ids = |after: Option<&TaskId>| {
        queue
            .page(after, 2)
            .map(|task| task.serial)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(None), [1, 2]);
    assert_eq!(ids(Some(&TaskId::parse("t2").unwrap())), [3, 4]);
    assert_eq!(ids(Some(&TaskId::parse("t4").unwrap())), [5]);
}

#[derive(Clone, Debug)]
enum Event {
    Add,
    Dispatch,
    End { pick: usize, status: u16 },
    Delete { pick: usize },
    Pause,
    Resume,
    Pass { milliseconds: i64 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        Just(Event::Add),
        Just(Event::Dispatch),
        (any::<usize>(), prop_oneof![Just(200), Just(500), Just(503)])
            .prop_map(|(pick, status)| Event::End { pick, status }),
        any::<usize>().prop_map(|pick| Event::Delete { pick }),
        Just(Event::Pause),
        Just(Event::Resume),
        (0_i64..5_000).prop_map(|milliseconds| Event::Pass { milliseconds }),
    ];
    prop::collection::vec(event, 0..120)
}

proptest! {
    /// Whatever happens in whatever order: no task runs twice at a time, the queue's bound holds,
    /// and every task that is not deleted succeeds exactly once in the end.
    #[test]
    fn no_order_of_events_loses_or_doubles_a_task(events in events()) {
        let mut queue = queue(json!({
            "rateLimits": {"maxConcurrentDispatches": 3, "maxDispatchesPerSecond": 50},
            "retryConfig": {"maxAttempts": -1, "minBackoff": "0.5s"},
        }));
        let mut waiting = BTreeMap::new();
        let mut running: Vec<Job> = Vec::new();
        let (mut serial, mut now) = (0, at(0));
        for event in events {
            match event {
                Event::Add => {
                    serial += 1;
                    waiting.insert(serial, add(&mut queue, serial, now));
                }
                Event::Dispatch => {
                    if let Step::Dispatch(job) = queue.next(now) {
                        prop_assert!(!queue.paused);
                        prop_assert!(waiting.contains_key(&job.serial), "it exists");
                        prop_assert!(running.iter().all(|other| other.serial != job.serial));
                        running.push(*job);
                        prop_assert!(running.len() <= 3);
                    }
                }
                Event::End { pick, status } if !running.is_empty() => {
                    let job = running.swap_remove(pick % running.len());
                    let settlement = end(&mut queue, &job, status, now);
                    if matches!(settlement, Settlement::Finished) {
                        prop_assert!(waiting.remove(&job.serial).is_some(), "it ends once");
                    }
                }
                Event::Delete { pick } if !waiting.is_empty() => {
                    let serial = *waiting.keys().nth(pick % waiting.len()).unwrap();
                    queue.remove(serial, &waiting.remove(&serial).unwrap());
                }
                Event::Pause => queue.paused = true,
                Event::Resume => queue.paused = false,
                Event::Pass { milliseconds } => now += chrono::TimeDelta::milliseconds(milliseconds),
                Event::End { .. } | Event::Delete { .. } => {}
            }
        }
        queue.paused = false;
        for job in running {
            end(&mut queue, &job, 500, now);
        }
        while !waiting.is_empty() {
            now += Duration::from_hours(1);
            let job = dispatch(&mut queue, now);
            end(&mut queue, &job, 200, now);
            prop_assert!(waiting.remove(&job.serial).is_some(), "it ends once");
        }
        prop_assert_eq!(queue.page(None, 1).count(), 0);
        prop_assert_eq!((queue.bytes, queue.in_flight, queue.agenda.len()), (0, 0, 0));
    }
}
