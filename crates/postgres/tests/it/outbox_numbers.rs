//! Events are numbered in the order of commits, without gaps; jobs and events are claimed once.

use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, ReelWithdrawn, event::Payload},
};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{
    Conn, Transaction,
    outbox::{self, Kind, NewEvent, NewJob, Occasion, Pending, PendingKind},
};
use chrono::TimeDelta;
use futures::future::join_all;
use prost::Message as _;
use uuid::Uuid;

use crate::support::{World, noon};

/// How long a claim holds.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(30);

fn shop(id: u128) -> Audience {
    Audience::Shop(Uuid::from_u128(id).into())
}

async fn push(world: &World, tx: &mut Transaction) -> u64 {
    let event = NewEvent {
        id: world.id().into(),
        audience: shop(0xa),
        payload: Payload::ReelWithdrawn(ReelWithdrawn::default()),
        traceparent: Some("00-trace".to_owned()),
    };
    let occasion = Occasion {
        at: noon(),
        claimed_until: None,
    };
    let id = event.id;
    let numbers = outbox::push_events(tx, &[event], occasion).await.unwrap();
    *numbers.get(&id).unwrap()
}

async fn claim(conn: &mut Conn, kind: Kind, now: Timestamp) -> Vec<Pending> {
    outbox::claim(conn, kind, (now, now + CLAIM_TTL), 10)
        .await
        .unwrap()
}

/// The numbers in the outbox, in the order of rows.
async fn numbers(world: &World) -> Vec<u64> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT sequence FROM outbox ORDER BY position")
        .fetch_all(world.pool())
        .await
        .unwrap();
    rows.into_iter().map(i64::unsigned_abs).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_leave_no_gap_even_where_some_change_their_mind() {
    let world = World::new().await;
    let writers = (0..60).map(async |writer| {
        let mut tx = world.begin().await;
        push(&world, &mut tx).await;
        if writer % 3 != 0 {
            tx.commit().await.unwrap();
        }
    });
    join_all(writers).await;
    assert_eq!(numbers(&world).await, (1..=40).collect::<Vec<u64>>());
}

#[tokio::test]
async fn who_comes_second_is_numbered_after_the_first_has_committed() {
    let world = World::new().await;
    let mut first = world.begin().await;
    assert_eq!(push(&world, &mut first).await, 1);
    let second = async {
        let mut tx = world.begin().await;
        let number = push(&world, &mut tx).await;
        tx.commit().await.unwrap();
        number
    };
    let commit = async {
        world.somebody_waits().await;
        // Not even the row of the second is there yet, so nothing can overtake the first.
        assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
        first.commit().await.unwrap();
    };
    let (number, ()) = tokio::join!(second, commit);
    assert_eq!(number, 2);
    assert_eq!(numbers(&world).await, [1, 2]);
}

#[tokio::test]
async fn events_of_one_statement_are_numbered_in_their_order_each_audience_for_itself() {
    let world = World::new().await;
    let mut tx = world.begin().await;
    push(&world, &mut tx).await;
    let (a, b) = (shop(0xa), shop(0xb));
    let c = Audience::Client(Uuid::from_u128(0xc).into());
    let events = [b, a, b, a, c].map(|audience| NewEvent {
        id: world.id().into(),
        audience,
        payload: Payload::ReelWithdrawn(ReelWithdrawn::default()),
        traceparent: None,
    });
    let claimed_until = noon() + CLAIM_TTL;
    let occasion = Occasion {
        at: noon(),
        claimed_until: Some(claimed_until),
    };
    let numbers = outbox::push_events(&mut tx, &events, occasion)
        .await
        .unwrap();
    let numbers = events
        .each_ref()
        .map(|event| *numbers.get(&event.id).unwrap());
    assert_eq!(numbers, [1, 2, 2, 3, 1]);
    // Claimed by whoever wrote them, in the order of writing; the one before is anybody's.
    assert!(tx.written().events);
    let told: Vec<_> = tx.written().claimed.iter().map(|row| row.id).collect();
    assert_eq!(told, events.each_ref().map(|event| event.id));
    tx.commit().await.unwrap();
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT destination, sequence FROM outbox ORDER BY position")
            .fetch_all(world.pool())
            .await
            .unwrap();
    let expected = [(a, 1), (b, 1), (a, 2), (b, 2), (a, 3), (c, 1)];
    assert_eq!(
        rows,
        expected.map(|(audience, number)| (audience.to_string(), number))
    );
    let mut conn = world.db.acquire().await.unwrap();
    assert_eq!(claim(&mut conn, Kind::Events, noon()).await.len(), 1);
    assert_eq!(claim(&mut conn, Kind::Events, claimed_until).await.len(), 6);
}

#[tokio::test]
async fn an_event_carries_what_its_row_says() {
    let world = World::new().await;
    let mut tx = world.begin().await;
    push(&world, &mut tx).await;
    let claimed = claim(&mut tx, Kind::Events, noon()).await;
    let [row] = claimed.as_slice() else {
        unreachable!("one event was written, {} were claimed", claimed.len())
    };
    let event = Event::decode(row.payload.as_slice()).unwrap();
    assert_eq!(event.id, row.id.to_string());
    let number = PendingKind::Event {
        audience: shop(0xa).to_string(),
        sequence: 1,
    };
    assert_eq!(
        (event.audience, &row.what),
        (shop(0xa).to_string(), &number)
    );
    assert_eq!(event.traceparent, "00-trace");
    assert_eq!(event.occurred_at.unwrap().seconds, noon().timestamp());
    assert_eq!((row.attempts, row.created_at), (1, noon()));
}

#[tokio::test]
async fn a_job_is_claimed_again_when_the_claim_has_run_out() {
    let world = World::new().await;
    let job = NewJob {
        id: world.id().into(),
        queue: "reel-render".to_owned(),
        name: "reel:1:v1".to_owned(),
        payload: b"job".to_vec(),
        traceparent: None,
        not_before: Some(noon() + TimeDelta::minutes(1)),
    };
    let mut conn = world.begin().await;
    outbox::push_job(&mut conn, &job, noon()).await.unwrap();
    let events = claim(&mut conn, Kind::Events, noon()).await;
    let first = claim(&mut conn, Kind::Jobs, noon()).await;
    let meanwhile = noon() + CLAIM_TTL - TimeDelta::microseconds(1);
    let none = claim(&mut conn, Kind::Jobs, meanwhile).await;
    let later = noon() + CLAIM_TTL;
    let again = claim(&mut conn, Kind::Jobs, later).await;

    assert!(events.is_empty() && none.is_empty());
    assert_eq!(
        first.iter().map(|row| row.what.clone()).collect::<Vec<_>>(),
        [PendingKind::Job {
            queue: job.queue,
            name: job.name,
            not_before: job.not_before,
        }]
    );
    let attempts: Vec<u32> = again.iter().map(|row| row.attempts).collect();
    assert_eq!(attempts, [2]);
    let lag = outbox::lag(&mut conn, later).await.unwrap();
    assert_eq!((lag.waiting, lag.oldest_ms), (1, 30_000));
}
