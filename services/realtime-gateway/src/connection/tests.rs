//! A connection without a server: what it says, and when, on a clock that the tests move.

use avvivo_contracts::{
    audience::Audience,
    events::v1::{Event, ReelWithdrawn, event::Payload},
};
use avvivo_gcp::{Environment, LocalServer};
use avvivo_kernel::{SystemClock, Timestamp};
use avvivo_service_kit::Metrics;
use chrono::TimeDelta;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::{
    account::Account,
    api::Api,
    config::{ApiConfig, LimitsConfig},
    frame::{Dialect, Frame},
    grants::{Grants, Key, Right},
    history::History,
    hub::{Hub, Ingested, Resume, Start},
    instruments::Instruments,
    pace::Pace,
    places::Places,
    reactor::Posts,
    ring,
    seats::Seats,
};

const PUBLIC: &str = "public:reels";
const MINUTE: TimeDelta = TimeDelta::minutes(1);

struct Bench {
    around: Arc<Surroundings>,
    metrics: Metrics,
    places: Arc<Places>,
}

impl Bench {
    fn new() -> Self {
        let metrics = Metrics::isolated().unwrap();
        let pace = Pace::begin();
        let hub = Arc::new(Hub::new(Posts::default(), pace, 0));
        let instruments = Instruments::new(&metrics, &hub);
        // Nobody is there: what is not in a ring is gone.
        let nowhere = ApiConfig {
            url: "http://127.0.0.1:9".to_owned(),
            audience: "avvivo-api".to_owned(),
        };
        let google = Environment::Local(LocalServer::at("http://127.0.0.1:9", None));
        let history = History {
            hub: Arc::clone(&hub),
            api: Arc::new(Api::new(&nowhere, &google).unwrap().0),
            clock: Arc::new(SystemClock),
            instruments: instruments.clone(),
        };
        let around = Surroundings {
            hub,
            history: Arc::new(history),
            grants: Grants::new(0),
            clock: Arc::new(SystemClock),
            pace,
            instruments,
            runtime: tokio::runtime::Handle::current(),
            revocations: broadcast::channel(4).0,
            stopping: CancellationToken::new(),
            leave_within: Duration::from_secs(4),
            max_age: Duration::from_mins(30),
        };
        let limits = LimitsConfig {
            connections: 10,
            connections_per_account: 10,
            connections_per_address: 10,
            max_age: around.max_age,
        };
        Self {
            around: Arc::new(around),
            metrics,
            places: Places::new(limits),
        }
    }

    /// Seats somebody for so long.
    fn seats(&self, valid_for: TimeDelta) -> Seats {
        let channel = Audience::Client(Uuid::from_u128(1).into());
        let starts = [channel, Audience::PublicReels].map(|audience| Start { audience, head: 0 });
        let valid_for = valid_for.to_std().unwrap_or_default();
        let right = Right {
            key: Key::NONE,
            account: Account::of("ana"),
            channel: Some(channel),
            ends_at: self.around.pace.now().after(valid_for),
        };
        self.around.hub.join(right, &starts, &Resume::Now)
    }

    fn open(&self, valid_for: TimeDelta) -> BoxStream<'static, String> {
        let since = self.around.grants.now();
        let seats = self.seats(valid_for);
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        let mut place = self.places.reserve(here).unwrap();
        place.assign(Account::of("ana")).unwrap();
        let (session, opening) = Session::open(&self.around, Dialect::Chat, (seats, since), place);
        let connection = Connection::new(Arc::clone(&self.around), session, opening);
        let text = |frame: Result<Bytes, Infallible>| {
            String::from_utf8(frame.unwrap_or_default().to_vec()).unwrap()
        };
        connection.into_body().map(text).boxed()
    }

    fn publish(&self, sequence: u64) {
        let event = Event {
            audience: PUBLIC.to_owned(),
            sequence,
            payload: Some(Payload::ReelWithdrawn(ReelWithdrawn::default())),
            ..Event::default()
        };
        let ingested = self.around.hub.ingest(PUBLIC, sequence, || {
            Frame::of_event(&event, Timestamp::default()).unwrap()
        });
        assert!(matches!(ingested, Ingested::Added { .. }), "{ingested:?}");
    }
}

/// The next frame's event and the time it took.
async fn next(stream: &mut BoxStream<'static, String>) -> (String, Duration) {
    let began = Instant::now();
    let frame = stream.next().await.unwrap_or_else(|| "the end".to_owned());
    let named = frame.lines().find_map(|line| line.strip_prefix("event: "));
    let name = named.unwrap_or(&frame).to_owned();
    let reason = frame
        .split("\"reason\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    (
        reason.map_or(name.clone(), |reason| format!("{name} {reason}")),
        began.elapsed(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_greets_and_then_pings_every_twenty_five_seconds() {
    let bench = Bench::new();
    let mut stream = bench.open(MINUTE);
    assert_eq!(
        next(&mut stream).await,
        ("chat:connected".to_owned(), Duration::ZERO)
    );
    for _ in 0..2 {
        let (name, after) = next(&mut stream).await;
        assert_eq!(name, "chat:ping");
        assert_eq!(after.as_secs(), 25);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_token() {
    let bench = Bench::new();
    let mut stream = bench.open(TimeDelta::seconds(10));
    next(&mut stream).await;
    let (name, after) = next(&mut stream).await;
    assert_eq!(name, "chat:resync expired");
    assert!((9..=10).contains(&after.as_secs()), "{after:?}");
    assert_eq!(next(&mut stream).await.0, "the end");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_beats_what_there_is_to_read() {
    let bench = Bench::new();
    let mut stream = bench.open(TimeDelta::seconds(-5));
    bench.publish(1);
    next(&mut stream).await;
    assert_eq!(next(&mut stream).await.0, "chat:resync expired");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_costs_nothing_and_gets_it_all_at_once_later() {
    let bench = Bench::new();
    let (mut slow, mut quick) = (bench.open(MINUTE), bench.open(MINUTE));
    next(&mut slow).await;
    next(&mut quick).await;
    for sequence in 1..=40 {
        bench.publish(sequence);
        assert_eq!(
            next(&mut quick).await,
            ("reels:withdrawn".to_owned(), Duration::ZERO)
        );
    }
    let burst = slow.next().await.unwrap();
    assert_eq!(burst.matches("event: reels:withdrawn").count(), 40);
}

#[tokio::test(start_paused = true)]
async fn who_is_left_behind_is_told_what_is_missing_and_goes_on() {
    let bench = Bench::new();
    let mut slow = bench.open(MINUTE);
    next(&mut slow).await;
    let last = u64::try_from(ring::MAX_EVENTS).unwrap() + 7;
    for sequence in 1..=last {
        bench.publish(sequence);
    }
    let notice = slow.next().await.unwrap();
    assert!(
        notice.contains("\"reason\":\"gap\"")
            && notice.contains("\"topic\":\"public:reels\",\"from\":1,\"to\":7"),
        "{notice}"
    );
    let mut read = 0;
    while read < ring::MAX_EVENTS {
        read += slow
            .next()
            .await
            .unwrap()
            .matches("event: reels:withdrawn")
            .count();
    }
    assert_eq!(read, ring::MAX_EVENTS);
    assert!(stays_open(&mut slow));
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_all_streams_within_its_time_and_not_all_at_once() {
    let bench = Bench::new();
    let mut streams: Vec<_> = (0..10).map(|_| bench.open(MINUTE)).collect();
    for stream in &mut streams {
        next(stream).await;
    }
    bench.around.stopping.cancel();
    bench.publish(1);
    let ends = futures::future::join_all(streams.iter_mut().map(async |stream| {
        let (first, _) = next(stream).await;
        assert_eq!(first, "reels:withdrawn", "news are still delivered");
        next(stream).await
    }))
    .await;
    assert!(
        ends.iter().all(|(name, _)| name == "chat:resync draining"),
        "{ends:?}"
    );
    let (least, most) = (
        ends.iter().map(|end| end.1).min(),
        ends.iter().map(|end| end.1).max(),
    );
    assert!(
        most.unwrap() <= Duration::from_secs(5) && least < most,
        "{ends:?}"
    );
    drop(streams);
    bench.places.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_nothing_behind() {
    let bench = Bench::new();
    let mut stream = bench.open(MINUTE);
    next(&mut stream).await;
    drop(stream);
    assert_eq!(bench.around.hub.counts().connections, 0);
    let metrics = bench.metrics.render();
    assert!(metrics.contains("avvivo_sse_connections 0"), "{metrics}");
    assert!(
        metrics.contains("avvivo_sse_ends_total{reason=\"client\"} 1"),
        "{metrics}"
    );
    bench.places.emptied().await;
}

fn stays_open(stream: &mut BoxStream<'static, String>) -> bool {
    stream.next().now_or_never().is_none()
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_their_rights_is_sent_away_to_be_judged_again() {
    let bench = Bench::new();
    let (mut ana, mut late) = (bench.open(MINUTE), bench.open(MINUTE));
    next(&mut ana).await;
    let revoked = Revoked::Account(Account::of("ana"));
    bench
        .around
        .grants
        .revoke(Revoked::Account(Account::of("bea")));
    bench
        .around
        .revocations
        .send(Revoked::Account(Account::of("bea")))
        .unwrap();
    assert!(stays_open(&mut ana), "somebody else's rights");
    bench.around.grants.revoke(revoked);
    bench.around.revocations.send(revoked).unwrap();
    assert_eq!(next(&mut ana).await.0, "chat:resync revoked");
    next(&mut late).await;
    assert_eq!(
        next(&mut late).await.0,
        "chat:resync revoked",
        "opened on an answer from before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_known_is_of_no_use_once_its_topics_are_forgotten() {
    let bench = Bench::new();
    let hub = &bench.around.hub;
    let seats = bench.seats(MINUTE);
    let grant = seats.grant().clone();
    drop(seats);
    let again = hub.rejoin(grant.clone(), &Resume::Now);
    assert!(again.is_some(), "back before anything is forgotten");
    drop(again);
    tokio::time::advance(Duration::from_mins(3)).await;
    hub.sweep();
    assert!(hub.rejoin(grant.clone(), &Resume::Now).is_none());
    // Somebody else has the same audience read again: another topic than the one that was forgotten.
    let _seats = bench.seats(MINUTE);
    assert!(hub.rejoin(grant, &Resume::Now).is_none());
}
