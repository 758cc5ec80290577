//! A connection without a server: what it says, and when, on a clock that the tests move.

use avvivo_contracts::events::v1::{Event, ReelWithdrawn, event::Payload};
use avvivo_kernel::{SystemClock, Timestamp};
use avvivo_service_kit::Metrics;
use chrono::TimeDelta;
use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};

use super::*;
use crate::{config::LimitsConfig, hub::Hub, places::Places};

const QUEUE: usize = 4;
const MINUTE: TimeDelta = TimeDelta::minutes(1);

struct Bench {
    around: Arc<Surroundings>,
    metrics: Metrics,
    places: Arc<Places>,
}

impl Bench {
    fn new() -> Self {
        let metrics = Metrics::isolated().unwrap();
        let around = Surroundings {
            hub: SharedHub::new(Hub::new(QUEUE)),
            clock: Arc::new(SystemClock),
            instruments: Instruments::new(&metrics),
            stopping: CancellationToken::new(),
            leave_within: Duration::from_secs(4),
        };
        let limits = LimitsConfig {
            connections: 10,
            connections_per_account: 10,
        };
        Self {
            around: Arc::new(around),
            metrics,
            places: Places::new(limits),
        }
    }

    fn open(&self, valid_for: TimeDelta) -> BoxStream<'static, String> {
        let grant = Grant {
            account: "ana".to_owned(),
            channel: "client:ana".to_owned(),
            audiences: vec!["client:ana".to_owned(), "public:reels".to_owned()],
            expires_at: SystemClock.now() + valid_for,
        };
        let place = self
            .places
            .reserve()
            .unwrap()
            .assign("ana".to_owned())
            .unwrap();
        let connection = Connection::open(Arc::clone(&self.around), &grant, place);
        let text = |frame: Result<Bytes, Infallible>| {
            String::from_utf8(frame.unwrap_or_default().to_vec()).unwrap()
        };
        connection.into_body().map(text).boxed()
    }

    fn publish(&self, sequence: u64) {
        let event = Event {
            audience: "public:reels".to_owned(),
            sequence,
            payload: Some(Payload::ReelWithdrawn(ReelWithdrawn::default())),
            ..Event::default()
        };
        let frame = Frame::of_event(&event, Timestamp::default()).unwrap();
        self.around
            .hub
            .lock()
            .publish(&event.audience, &Arc::new(frame));
    }
}

/// The next frame's event and the time it took.
async fn next(stream: &mut BoxStream<'static, String>) -> (String, Duration) {
    let began = Instant::now();
    let frame = stream.next().await.unwrap_or_else(|| "the end".to_owned());
    let name = frame
        .lines()
        .next()
        .unwrap_or_default()
        .replace("event: ", "");
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
async fn a_token_that_ran_out_beats_a_full_queue() {
    let bench = Bench::new();
    let mut stream = bench.open(TimeDelta::seconds(-5));
    bench.publish(1);
    next(&mut stream).await;
    assert_eq!(next(&mut stream).await.0, "chat:resync expired");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_let_go_after_what_was_queued_and_others_are_not() {
    let bench = Bench::new();
    let (mut slow, mut quick) = (bench.open(MINUTE), bench.open(MINUTE));
    next(&mut slow).await;
    next(&mut quick).await;
    let published = u64::try_from(QUEUE).unwrap() + 1;
    for sequence in 1..=published {
        bench.publish(sequence);
        assert_eq!(
            next(&mut quick).await,
            ("reels:withdrawn".to_owned(), Duration::ZERO)
        );
    }
    for _ in 0..QUEUE {
        assert_eq!(next(&mut slow).await.0, "reels:withdrawn");
    }
    assert_eq!(next(&mut slow).await.0, "chat:resync slow");
    assert_eq!(next(&mut slow).await.0, "the end");
    assert!(stays_open(&mut quick));
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
    assert_eq!(bench.around.hub.lock().counts().connections, 0);
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
