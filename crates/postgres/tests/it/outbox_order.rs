//! Several relays and several writers at once, with failures and deaths by chance: an event is never claimed while an older
//! one of its audience is anywhere but in the same batch, and in the end each was published, first time in order.
//!
//! The dice of a run are seeded and every failure names the seed; how the tasks interleave is up to the machine.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use avvivo_contracts::{
    audience::Audience,
    events::v1::{ReelWithdrawn, event::Payload},
};
use avvivo_kernel::{EventId, Timestamp};
use avvivo_postgres::{
    Transaction,
    outbox::{self, Kind, NewEvent, Occasion, Pending, PendingKind, Postponed},
};
use chrono::TimeDelta;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{World, noon};

const SEEDS: [u64; 6] = [1, 7, 42, 1_810, 1_816, 20_260_310];
const WRITERS: u64 = 3;
const COMMITS_A_WRITER: usize = 25;
const RELAYS: u64 = 4;
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(30);

fn audiences() -> [Audience; 4] {
    [
        Audience::Shop(Uuid::from_u128(0xa).into()),
        Audience::Shop(Uuid::from_u128(0xb).into()),
        Audience::Client(Uuid::from_u128(0xc).into()),
        Audience::PublicReels,
    ]
}

/// Audiences with the numbers of their events, in the order of publishing.
type Published = BTreeMap<String, Vec<u64>>;

struct Run {
    world: World,
    seed: u64,
    /// Milliseconds since noon.
    time: AtomicI64,
    written: AtomicBool,
    published: Mutex<Published>,
}

impl Run {
    fn now(&self) -> Timestamp {
        noon() + TimeDelta::milliseconds(self.time.load(Ordering::SeqCst))
    }

    fn dice(&self, task: u64) -> StdRng {
        StdRng::seed_from_u64(self.seed * 1_000 + task)
    }

    /// Commits events for random audiences, and now and then changes its mind.
    async fn write(&self, mut dice: StdRng) {
        for _ in 0..COMMITS_A_WRITER {
            let mut tx = self.world.begin().await;
            // In one order, as every use case does.
            for audience in audiences() {
                if dice.random_bool(0.4) {
                    let event = NewEvent {
                        id: self.world.id().into(),
                        audience,
                        payload: Payload::ReelWithdrawn(ReelWithdrawn::default()),
                        traceparent: None,
                    };
                    let occasion = Occasion {
                        at: self.now(),
                        claimed_until: None,
                    };
                    outbox::push_events(&mut tx, &[event], occasion)
                        .await
                        .unwrap();
                }
            }
            if dice.random_bool(0.8) {
                tx.commit().await.unwrap();
            }
        }
    }

    /// Claims, publishes and confirms until everything is written and nothing is left.
    async fn relay(&self, mut dice: StdRng) {
        loop {
            let done = self.written.load(Ordering::SeqCst);
            let batch = self.claim(dice.random_range(1..8)).await;
            if batch.is_empty() {
                if done && self.world.count("SELECT count(*) FROM outbox").await == 0 {
                    return;
                }
                // Nothing is due: time passes, at times so much that claims run out.
                self.time
                    .fetch_add(dice.random_range(100..20_000), Ordering::SeqCst);
                continue;
            }
            match dice.random_range(0..10) {
                // It dies before it published anything.
                0 => {}
                // It dies before it could confirm.
                1 => self.publish(&batch),
                2..=4 => self.half_fail(&batch, &mut dice).await,
                _ => {
                    self.publish(&batch);
                    self.confirm(&batch).await;
                }
            }
        }
    }

    async fn claim(&self, limit: i64) -> Vec<Pending> {
        let now = self.now();
        let mut tx = self.world.begin().await;
        let batch = outbox::claim(&mut tx, Kind::Events, (now, now + CLAIM_TTL), limit)
            .await
            .unwrap();
        self.check(&mut tx, &batch).await;
        tx.commit().await.unwrap();
        batch
    }

    /// Whatever is older than a claimed event of its audience and still there must be in the same batch. Other relays claim
    /// only after this transaction, so what is looked at here is what the claim saw.
    async fn check(&self, tx: &mut Transaction, batch: &[Pending]) {
        let ids: Vec<Uuid> = batch.iter().map(|row| row.id.as_uuid()).collect();
        let passed_over: i64 = sqlx::query_scalar(
            "SELECT count(*)
             FROM outbox AS claimed
             JOIN outbox AS older ON older.destination = claimed.destination AND older.position < claimed.position
             WHERE claimed.id = ANY($1) AND NOT older.id = ANY($1)",
        )
        .bind(ids)
        .fetch_one(&mut **tx)
        .await
        .unwrap();
        assert_eq!(passed_over, 0, "seed {}", self.seed);
    }

    fn publish<'a>(&self, rows: impl IntoIterator<Item = &'a Pending>) {
        let mut published = self.published.lock().unwrap();
        for row in rows {
            let PendingKind::Event { audience, sequence } = &row.what else {
                unreachable!("only events are written here: {row:?}");
            };
            published
                .entry(audience.clone())
                .or_default()
                .push(*sequence);
        }
    }

    /// From a random event on, everything of its audience fails.
    async fn half_fail(&self, batch: &[Pending], dice: &mut StdRng) {
        let failing = dice.random_range(0..batch.len());
        let of = batch.get(failing).map(audience);
        let fails =
            |(place, row): &(usize, &Pending)| *place >= failing && Some(audience(row)) == of;
        let (failed, fine): (Vec<_>, Vec<_>) = batch.iter().enumerate().partition(fails);
        let fine: Vec<Pending> = fine.into_iter().map(|(_, row)| row.clone()).collect();
        self.publish(&fine);
        self.confirm(&fine).await;
        let mut conn = self.world.db.acquire().await.unwrap();
        let mut rows = Vec::new();
        for (_, row) in failed {
            rows.push(Postponed {
                id: row.id,
                next_attempt_at: self.now() + TimeDelta::milliseconds(dice.random_range(0..3_000)),
                reason: "told to fail".to_owned(),
            });
        }
        outbox::postpone(&mut conn, &rows).await.unwrap();
    }

    async fn confirm(&self, rows: &[Pending]) {
        let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
        let mut conn = self.world.db.acquire().await.unwrap();
        outbox::confirm(&mut conn, &ids).await.unwrap();
    }

    async fn check_the_end(&self) {
        let last: Vec<(String, i64)> =
            sqlx::query_as("SELECT audience, last FROM audience_sequences ORDER BY audience")
                .fetch_all(self.world.pool())
                .await
                .unwrap();
        let published = self.published.lock().unwrap();
        for (audience, last) in last {
            let expected: Vec<u64> = (1..=u64::try_from(last).unwrap()).collect();
            let mut first_times: Vec<u64> = Vec::new();
            for number in published.get(&audience).into_iter().flatten() {
                if !first_times.contains(number) {
                    first_times.push(*number);
                }
            }
            assert_eq!(first_times, expected, "{audience}, seed {}", self.seed);
        }
    }
}

fn audience(row: &Pending) -> &str {
    match &row.what {
        PendingKind::Event { audience, .. } => audience,
        PendingKind::Job { name, .. } => name,
        PendingKind::Errand { about, .. } => about,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_overtakes_an_older_one_of_its_audience() {
    for seed in SEEDS {
        let run = Arc::new(Run {
            world: World::new().await,
            seed,
            time: AtomicI64::new(0),
            written: AtomicBool::new(false),
            published: Mutex::default(),
        });
        let (mut writers, mut relays) = (JoinSet::new(), JoinSet::new());
        for writer in 0..WRITERS {
            let run = Arc::clone(&run);
            writers.spawn(async move { run.write(run.dice(writer)).await });
        }
        for relay in 0..RELAYS {
            let run = Arc::clone(&run);
            relays.spawn(async move { run.relay(run.dice(WRITERS + relay)).await });
        }
        writers.join_all().await;
        run.written.store(true, Ordering::SeqCst);
        relays.join_all().await;
        run.check_the_end().await;
    }
}
