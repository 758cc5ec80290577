//! Events that a process has just committed are published from its memory; and whatever happens to it, nothing is lost.

use std::sync::Arc;

use async_trait::async_trait;
use avvivo_app::{
    outbox::Relay,
    rendering::{Assignment, keep_lease},
};
use avvivo_contracts::audience::Audience;
use avvivo_domain::reels::Stage;
use avvivo_ports::{BusError, EventBus, EventStream, OutboundEvent, Subscribe, fakes::FakeBus};
use avvivo_testkit::{Seen, wait_for};
use chrono::TimeDelta;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::support::{LIMIT, TRACEPARENT, World};

/// How long what a process writes is its own to hand over.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(10);
/// The first wait after a failed hand-over.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);

/// A bus that takes a batch when it is let to, and answers when it is let to once more.
struct SlowBus {
    bus: Arc<FakeBus>,
    asked: Notify,
    gate: Semaphore,
    answers: Semaphore,
}

#[async_trait]
impl EventBus for SlowBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        self.asked.notify_one();
        self.gate.acquire().await.unwrap().forget();
        let answers = self.bus.publish(events).await;
        self.answers.acquire().await.unwrap().forget();
        answers
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<EventStream, BusError> {
        self.bus.subscribe(subscribe).await
    }
}

/// A process with a relay, and a reel whose progress it reports: one event for the shop each time.
struct Process {
    world: World,
    assignment: Assignment,
    stop: CancellationToken,
    relay: JoinSet<()>,
}

impl Process {
    async fn start(bus: impl FnOnce(&World) -> Arc<dyn EventBus>) -> Self {
        let world = World::new().await;
        let shop = world.shop().open().await;
        let reel = world.waiting(&shop).await;
        let assignment = world.claim(&reel).await;
        // Two events and a job, of no interest here.
        world.relay().drain().await.unwrap();
        let relay = Relay::new(
            world.deps.db.clone(),
            world.clock.clone(),
            bus(&world),
            world.queue.clone(),
            world.deps.nudge.clone(),
        );
        let (mut running, end) = (JoinSet::new(), CancellationToken::new());
        let until = end.clone();
        running.spawn(async move { relay.run(until).await });
        let process = Self {
            world,
            assignment,
            stop: end,
            relay: running,
        };
        process.claims().await;
        process
    }

    async fn on_slow_bus() -> (Self, Arc<SlowBus>) {
        let mut slow = None;
        let process = Self::start(|world| {
            let bus = Arc::new(SlowBus {
                bus: world.bus.clone(),
                asked: Notify::new(),
                gate: Semaphore::new(0),
                answers: Semaphore::new(0),
            });
            slow = Some(bus.clone());
            bus
        })
        .await;
        (process, slow.unwrap())
    }

    /// Waits until events are written as claimed.
    async fn claims(&self) {
        wait_for(
            "events to be claimed by whoever writes them",
            LIMIT,
            async || match self.world.deps.nudge.claim(self.world.now()) {
                Some(_) => Seen::Done(()),
                None => Seen::NotYet("not claimed"),
            },
        )
        .await;
    }

    async fn report(&self, progress: impl IntoIterator<Item = u8>) {
        let deps = &self.world.deps;
        for progress in progress {
            keep_lease::report_progress(deps, &self.assignment, Stage::RenderVideo, progress)
                .await
                .unwrap()
                .unwrap();
        }
    }

    /// How far the shop was told that the rendering is.
    fn told(&self) -> Vec<u32> {
        let shop = Audience::Shop(self.assignment.reel.shop_id).to_string();
        let events = self.world.bus.events().into_iter();
        let ours = events.filter(|event| event.audience == shop);
        ours.filter_map(|event| match event.payload {
            Some(avvivo_contracts::events::v1::event::Payload::ReelStatusChanged(news)) => {
                Some(news.progress)
            }
            _ => None,
        })
        .skip(2)
        .collect()
    }

    async fn nothing_left(&self) {
        wait_for("the outbox to be empty", LIMIT, async || {
            match self.world.count("SELECT count(*) FROM outbox").await {
                0 => Seen::Done(()),
                left => Seen::NotYet(left),
            }
        })
        .await;
    }

    async fn claimed(&self) -> i64 {
        self.world
            .count("SELECT count(*) FROM outbox WHERE claimed_until IS NOT NULL AND attempts = 1")
            .await
    }
}

/// Notes how many rows each statement deletes.
const NOTE_DELETIONS: &str = "
    CREATE TABLE deletions (rows bigint);
    CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO deletions SELECT count(*) FROM gone; RETURN NULL; END $$;
    CREATE TRIGGER note_deletion AFTER DELETE ON outbox
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_deletion();
";

#[tokio::test]
async fn what_gathers_while_a_batch_is_published_is_the_next_and_all_is_forgotten_at_once() {
    let (process, bus) = Process::on_slow_bus().await;
    sqlx::raw_sql(NOTE_DELETIONS)
        .execute(process.world.pool())
        .await
        .unwrap();
    process.report([1]).await;
    bus.asked.notified().await;
    process.report(2..=40).await;
    // Nobody else may take any of them.
    assert_eq!(process.claimed().await, 40);
    assert_eq!(process.world.relay().drain().await.unwrap().handed_over, 0);
    bus.gate.add_permits(2);
    bus.answers.add_permits(2);
    process.nothing_left().await;

    assert_eq!(process.told(), (1..=40).collect::<Vec<_>>());
    let events = process.world.bus.events();
    assert!(events.iter().all(|event| event.traceparent == TRACEPARENT));
    let statements = process
        .world
        .count("SELECT count(*) FROM deletions WHERE rows > 0")
        .await;
    assert!(statements <= 2, "{statements} statements for 40 rows");
}

#[tokio::test]
async fn what_a_process_committed_and_did_not_publish_another_does_when_the_claim_is_over() {
    let (mut process, bus) = Process::on_slow_bus().await;
    process.report([1, 2]).await;
    bus.asked.notified().await;
    process.relay.shutdown().await;

    let other = process.world.relay();
    assert_eq!(other.drain().await.unwrap().handed_over, 0);
    process.world.advance(CLAIM_TTL);
    assert_eq!(other.drain().await.unwrap().handed_over, 2);
    assert_eq!(process.told(), [1, 2]);
    process.nothing_left().await;
}

#[tokio::test]
async fn what_a_process_published_and_did_not_forget_is_told_again_and_can_be_recognised() {
    let (mut process, bus) = Process::on_slow_bus().await;
    bus.gate.add_permits(1);
    process.report([1]).await;
    wait_for("the event on the bus", LIMIT, async || {
        match process.told().len() {
            1 => Seen::Done(()),
            told => Seen::NotYet(told),
        }
    })
    .await;
    process.relay.shutdown().await;
    process.world.advance(CLAIM_TTL);
    assert_eq!(process.world.relay().drain().await.unwrap().handed_over, 1);
    assert_eq!(process.told(), [1, 1]);
    let events = process.world.bus.events();
    let [.., first, again] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((&first.id, first.sequence), (&again.id, again.sequence));
}

#[tokio::test]
async fn while_the_bus_is_away_events_wait_in_the_table_in_their_order() {
    let process = Process::start(|world| world.bus.clone()).await;
    let world = &process.world;
    world.bus.fail_next(1);
    process.report([1]).await;
    wait_for("the event to be postponed", LIMIT, async || {
        match world
            .count("SELECT count(*) FROM outbox WHERE last_error LIKE '%told to fail%'")
            .await
        {
            1 => Seen::Done(()),
            other => Seen::NotYet(other),
        }
    })
    .await;
    // The bus is there again, but these do not overtake the first.
    process.report([2, 3]).await;
    assert_eq!(process.claimed().await, 0);
    assert_eq!(world.relay().drain().await.unwrap().handed_over, 0);

    world.advance(FIRST_WAIT);
    world.deps.nudge.wake();
    process.nothing_left().await;
    assert_eq!(process.told(), [1, 2, 3]);
    process.claims().await;
    process.report([4]).await;
    process.nothing_left().await;
    assert_eq!(process.told(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn at_its_end_a_relay_publishes_what_it_has_and_claims_no_more() {
    let (process, bus) = Process::on_slow_bus().await;
    process.report([1]).await;
    bus.asked.notified().await;
    process.report([2, 3]).await;
    process.stop.cancel();
    bus.gate.add_permits(9);
    bus.answers.add_permits(9);
    let Process { relay, world, .. } = process;
    relay.join_all().await;
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(world.deps.nudge.claim(world.now()), None);
}
