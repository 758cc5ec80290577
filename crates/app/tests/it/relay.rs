//! The relay between the outbox and the world: in order, at least once, never forgotten.

use std::sync::Arc;

use async_trait::async_trait;
use avvivo_app::outbox::{DrainReport, Relay};
use avvivo_contracts::{audience::Audience, events::v1::Event};
use avvivo_ports::{
    BusError, Enqueued, EventBus, EventStream, Job, JobQueue, OutboundEvent, QueueError, Subscribe,
    fakes::FakeBus,
};
use avvivo_postgres::outbox::{self, NewJob};
use avvivo_testkit::{Seen, wait_for};
use chrono::TimeDelta;
use prost::Message as _;
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{LIMIT, World};

/// The first wait after a failed hand-over.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);
/// How long a claim holds.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(30);

impl World {
    /// Commits one event for the audience of each of these letters.
    async fn announce(&self, letters: &str) {
        for letter in letters.chars() {
            let mut tx = self.begin().await;
            self.announce_to(&mut tx, audience(letter)).await;
            tx.commit().await.unwrap();
        }
    }

    async fn push_job(&self, queue: &str, name: &str) {
        let mut tx = self.begin().await;
        let job = NewJob {
            id: self.id().into(),
            queue: queue.to_owned(),
            name: name.to_owned(),
            payload: b"job".to_vec(),
            traceparent: None,
            not_before: None,
        };
        outbox::push_job(&mut tx, &job, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn drain(&self) -> DrainReport {
        self.relay().drain().await.unwrap()
    }

    async fn left(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox").await
    }
}

fn audience(letter: char) -> Audience {
    Audience::Live(Uuid::from_u128(letter.into()).into())
}

/// `a1 a2 b1`: the letters of audiences with the numbers of their events, as they were published.
fn published(events: &[Event]) -> String {
    let letter = |event: &Event| {
        let is_its = |letter: &char| audience(*letter).to_string() == event.audience;
        ('a'..='c').find(is_its).unwrap()
    };
    let names: Vec<_> = events
        .iter()
        .map(|event| format!("{}{}", letter(event), event.sequence))
        .collect();
    names.join(" ")
}

fn report(handed_over: usize, postponed: usize) -> DrainReport {
    DrainReport {
        handed_over,
        postponed,
        refused: 0,
    }
}

fn refused(handed_over: usize, refused: usize) -> DrainReport {
    DrainReport {
        handed_over,
        postponed: 0,
        refused,
    }
}

#[tokio::test]
async fn what_was_committed_is_handed_over_and_forgotten() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;

    assert_eq!(world.drain().await, report(2, 0));

    assert_eq!(world.left().await, 0);
    let events = world.bus.events();
    assert_eq!(crate::support::words(&events), ["PROCESSING 0"]);
    assert_eq!(events[0].sequence, 1);
    let jobs = world.queue.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].name, format!("reel:{}:v1", reel.id));
    assert_eq!(
        jobs[0].traceparent.as_deref(),
        Some(crate::support::TRACEPARENT)
    );
    assert_eq!(world.drain().await, report(0, 0));
}

#[tokio::test]
async fn what_was_rolled_back_is_told_to_nobody() {
    let world = World::new().await;
    let mut tx = world.begin().await;
    world.announce_to(&mut tx, audience('a')).await;
    drop(tx);
    world.announce("a").await;
    world.drain().await;
    // Not even a gap in the numbers tells of it.
    assert_eq!(published(&world.bus.events()), "a1");
}

#[tokio::test]
async fn while_the_bus_is_away_each_audience_keeps_its_order() {
    let world = World::new().await;
    world.announce("aba").await;
    world.bus.fail_next(1);
    assert_eq!(world.drain().await, report(0, 3));

    // These are due at once, but what came before them is not.
    world.announce("bac").await;
    assert_eq!(world.drain().await, report(1, 0));
    assert_eq!(published(&world.bus.events()), "c1");

    world.advance(FIRST_WAIT);
    assert_eq!(world.drain().await, report(5, 0));
    assert_eq!(published(&world.bus.events()), "c1 a1 b1 a2 b2 a3");
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn waits_grow_with_every_failure() {
    let world = World::new().await;
    world.announce("a").await;
    for wait in [500, 1_000, 2_000, 4_000] {
        world.bus.fail_next(1);
        assert_eq!(world.drain().await, report(0, 1));
        world.advance(TimeDelta::milliseconds(wait - 1));
        assert_eq!(world.drain().await, report(0, 0));
        world.advance(TimeDelta::milliseconds(1));
    }
    assert_eq!(world.drain().await, report(1, 0));
}

#[tokio::test]
async fn a_queue_that_is_away_holds_up_no_events() {
    let world = World::new().await;
    world.announce("a").await;
    world.push_job("reel-render", "reel:1:v1").await;
    world.queue.fail_next(1);
    assert_eq!(world.drain().await, report(1, 1));
    assert_eq!(published(&world.bus.events()), "a1");
    let noted = "SELECT count(*) FROM outbox WHERE last_error LIKE '%told to fail%' AND claimed_until IS NULL";
    assert_eq!(world.count(noted).await, 1);

    world.advance(FIRST_WAIT);
    assert_eq!(world.drain().await, report(1, 0));
    assert_eq!(world.queue.jobs().len(), 1);
}

/// A queue that takes calls and never answers.
#[derive(Default)]
struct SilentQueue {
    asked: Notify,
}

#[async_trait]
impl JobQueue for SilentQueue {
    async fn enqueue(&self, _: &Job) -> Result<Enqueued, QueueError> {
        self.asked.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn events_pass_a_queue_that_never_answers() {
    let world = World::new().await;
    let queue = Arc::new(SilentQueue::default());
    let relay = Relay::new(
        world.deps.db.clone(),
        world.clock.clone(),
        world.bus.clone(),
        queue.clone(),
        world.deps.nudge.clone(),
    );
    world.push_job("reel-render", "reel:1:v1").await;
    // Dropped at the end of the test, and stopped thereby.
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { relay.run(CancellationToken::new()).await });
    queue.asked.notified().await;

    world.announce("a").await;
    world.deps.nudge.wake();
    wait_for("the event to be forgotten", LIMIT, async || {
        match world.left().await {
            1 => Seen::Done(()),
            left => Seen::NotYet(left),
        }
    })
    .await;
    assert_eq!(published(&world.bus.events()), "a1");
}

#[tokio::test]
async fn a_job_that_was_queued_twice_is_one_job() {
    let world = World::new().await;
    for _ in 0..2 {
        world.push_job("reel-render", "reel:1:v1").await;
    }
    assert_eq!(world.drain().await, report(2, 0));
    assert_eq!(world.queue.jobs().len(), 1);
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn a_job_for_a_queue_that_nobody_knows_is_set_aside_and_says_so() {
    let world = World::new().await;
    world.push_job("no-such-queue", "x").await;
    assert_eq!(world.drain().await, refused(0, 1));
    let noted = "SELECT count(*) FROM outbox WHERE last_error = 'no queue of that name' AND refused_at IS NOT NULL";
    assert_eq!(world.count(noted).await, 1);
    world.advance(TimeDelta::days(1));
    assert_eq!(world.drain().await, report(0, 0));
}

/// A bus that will never take the second event of an audience, and says of those after it that their time has not come.
struct ChoosyBus(Arc<FakeBus>);

#[async_trait]
impl EventBus for ChoosyBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        let mut answers = Vec::new();
        for event in events {
            let number = Event::decode(event.payload.clone()).unwrap().sequence;
            let answer = match (number, answers.last()) {
                (2, _) => Err(BusError::Refused {
                    reason: "told to refuse".to_owned(),
                }),
                (_, Some(Err(_))) => Err(BusError::Unavailable {
                    reason: "an earlier one failed".to_owned(),
                }),
                _ => self.0.publish(vec![event]).await.remove(0),
            };
            answers.push(answer);
        }
        answers
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        self.0.subscribe(subscribe).await
    }
}

#[tokio::test]
async fn an_event_that_is_never_taken_is_set_aside_and_the_rest_goes_on_in_order() {
    let world = World::new().await;
    world.announce("aaaa").await;
    let choosy = Relay::new(
        world.deps.db.clone(),
        world.clock.clone(),
        Arc::new(ChoosyBus(world.bus.clone())),
        world.queue.clone(),
        world.deps.nudge.clone(),
    );
    let first = choosy.drain().await.unwrap();
    assert_eq!(
        (first.handed_over, first.postponed, first.refused),
        (1, 2, 1)
    );
    world.advance(FIRST_WAIT);
    assert_eq!(choosy.drain().await.unwrap(), report(2, 0));
    assert_eq!(published(&world.bus.events()), "a1 a3 a4");
    let mut conn = world.deps.db.acquire().await.unwrap();
    assert_eq!(
        outbox::lag(&mut conn, world.now()).await.unwrap().waiting,
        0
    );
}

#[tokio::test]
async fn more_than_a_batch_is_drained_in_order() {
    let world = World::new().await;
    let mut tx = world.begin().await;
    for number in 0..450 {
        world
            .announce_to(&mut tx, audience(['a', 'b', 'c'][number % 3]))
            .await;
    }
    tx.commit().await.unwrap();
    assert_eq!(world.drain().await, report(450, 0));
    for letter in 'a'..='c' {
        let audience = audience(letter).to_string();
        let numbers: Vec<u64> = world
            .bus
            .events()
            .iter()
            .filter(|event| event.audience == audience)
            .map(|event| event.sequence)
            .collect();
        assert_eq!(numbers, (1..=150).collect::<Vec<u64>>());
    }
}

/// A bus that takes events, and whose answer never arrives: the process dies first.
struct DyingBus {
    bus: Arc<FakeBus>,
    published: Notify,
}

#[async_trait]
impl EventBus for DyingBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        self.bus.publish(events).await;
        self.published.notify_one();
        std::future::pending().await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        self.bus.subscribe(subscribe).await
    }
}

#[tokio::test]
async fn what_a_dead_relay_had_claimed_is_handed_over_by_another() {
    let world = World::new().await;
    world.announce("aa").await;
    world.push_job("reel-render", "reel:1:v1").await;
    let bus = Arc::new(DyingBus {
        bus: world.bus.clone(),
        published: Notify::new(),
    });
    let dying = Relay::new(
        world.deps.db.clone(),
        world.clock.clone(),
        bus.clone(),
        world.queue.clone(),
        world.deps.nudge.clone(),
    );
    let dies = async {
        bus.published.notified().await;
        // The queue has answered, and what it took does not wait for the bus.
        wait_for("the job to be forgotten", LIMIT, async || {
            match world.left().await {
                2 => Seen::Done(()),
                left => Seen::NotYet(left),
            }
        })
        .await;
    };
    tokio::select! {
        _ = dying.drain() => panic!("it was to die"),
        () = dies => {}
    }

    world.announce("a").await;
    assert_eq!(world.drain().await, report(0, 0));
    world.advance(CLAIM_TTL);
    assert_eq!(world.drain().await, report(3, 0));

    // Again, and in order: whoever listens knows the repeats by their ids.
    let events = world.bus.events();
    assert_eq!(published(&events), "a1 a2 a1 a2 a3");
    assert_eq!(
        (&events[0].id, &events[1].id),
        (&events[2].id, &events[3].id)
    );
    assert_eq!(world.queue.jobs().len(), 1);
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn a_running_relay_drains_when_woken_and_once_more_at_the_end() {
    let world = World::new().await;
    let (relay, stop) = (world.relay(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    let until = stop.clone();
    tasks.spawn(async move { relay.run(until).await });

    world.announce("a").await;
    world.deps.nudge.wake();
    wait_for("the event on the bus", LIMIT, async || {
        match world.bus.events().len() {
            1 => Seen::Done(()),
            other => Seen::NotYet(other),
        }
    })
    .await;
    world.announce("a").await;
    stop.cancel();
    tasks.join_all().await;
    assert_eq!(published(&world.bus.events()), "a1 a2");
}
