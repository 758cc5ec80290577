//! What is measured.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::audience::Audience;
use avvivo_kernel::Timestamp;
use avvivo_service_kit::{Metrics, telemetry::SECONDS_BUCKETS};
use chrono::TimeDelta;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter},
};

use crate::{
    ending::Ending,
    hub::{Hub, Occupancy},
};

/// The gateway's instruments; clones share them.
#[derive(Clone)]
pub(crate) struct Instruments {
    connections: UpDownCounter<i64>,
    connects: Counter<u64>,
    ends: Counter<u64>,
    deliveries: Counter<u64>,
    writes: Counter<u64>,
    latency: Histogram<f64>,
    events_per_write: Histogram<u64>,
    events_behind: Histogram<u64>,
    lag: Histogram<f64>,
    repeats: Counter<u64>,
    replays: Counter<u64>,
    gaps: Counter<u64>,
    authorizations: Counter<u64>,
    sheds: Counter<u64>,
    lost: Counter<u64>,
    heard: Gauge<u64>,
}

/// Where events came from that the bus did not bring.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// The history, because the bus lost them or brings them late.
    Hole,
    /// The history, for readers that came back.
    History,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::History => "history",
        }
    }
}

impl Instruments {
    pub(crate) fn new(metrics: &Metrics, hub: &Arc<Hub>) -> Self {
        let meter = metrics.meter("gateway");
        observe(&meter, hub);
        let count = |name, unit, what| counter(&meter, name, unit, what);
        Self {
            connections: open_streams(&meter),
            connects: count("avvivo.sse.connects", "{connection}", "Streams opened."),
            ends: count(
                "avvivo.sse.ends",
                "{connection}",
                "Streams ended, by reason.",
            ),
            deliveries: count(
                "avvivo.sse.deliveries",
                "{event}",
                "Events written to streams.",
            ),
            writes: count("avvivo.sse.writes", "{write}", "Writes that took events."),
            latency: seconds(
                &meter,
                "avvivo.sse.delivery.latency",
                "From what happened to its being written; of one write in 64 where there are many.",
            ),
            events_per_write: events(
                &meter,
                "avvivo.sse.write.events",
                "Events in one write to a stream; of one write in 64 where there are many.",
            ),
            events_behind: events(
                &meter,
                "avvivo.sse.lag.events",
                "Events that a reader had not had when a write to it began; of the same writes.",
            ),
            lag: seconds(
                &meter,
                "avvivo.bus.lag",
                "From what happened to its being heard from the bus.",
            ),
            repeats: count("avvivo.bus.repeats", "{event}", "Events delivered again."),
            replays: count("avvivo.sse.replays", "{event}", "Events read from history."),
            gaps: count(
                "avvivo.sse.gaps",
                "{gap}",
                "Holes that a reader was told of.",
            ),
            authorizations: count(
                "avvivo.sse.authorizations",
                "{connection}",
                "Streams authorized, by how.",
            ),
            sheds: count(
                "avvivo.sse.sheds",
                "{connection}",
                "Clients sent away to come back.",
            ),
            lost: count("avvivo.bus.lost", "{gap}", "Holes that nobody can fill."),
            heard: meter
                .u64_gauge("avvivo.bus.heard")
                .with_description("1 while the bus can be heard.")
                .build(),
        }
    }

    /// A stream was opened; its channel's class says whose.
    pub(crate) fn opened(&self, channel: Option<Audience>) {
        self.connections.add(1, &[]);
        let class = KeyValue::new("class", channel.map_or("none", Audience::class));
        self.connects.add(1, &[class]);
    }

    pub(crate) fn ended(&self, ending: Ending) {
        self.connections.add(-1, &[]);
        self.ends
            .add(1, &[KeyValue::new("reason", ending.as_str())]);
    }

    /// So many writes took events to sockets.
    pub(crate) fn wrote(&self, writes: u64) {
        self.writes.add(writes, &[]);
    }

    /// One of them took so many, and left so many for the next.
    pub(crate) fn batched(&self, events: usize, left: u64) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.events_per_write.record(events, &[]);
        self.events_behind.record(events.saturating_add(left), &[]);
    }

    /// An event was delivered so often.
    pub(crate) fn delivered(&self, event: &'static str, count: u64) {
        self.deliveries.add(count, &[KeyValue::new("event", event)]);
    }

    /// The time that one delivery took since the event happened.
    pub(crate) fn took(&self, event: &'static str, happened: Timestamp, now: Timestamp) {
        let event = [KeyValue::new("event", event)];
        self.latency
            .record(since(happened, now).as_secs_f64(), &event);
    }

    pub(crate) fn lagged(&self, lag: Duration) {
        self.lag.record(lag.as_secs_f64(), &[]);
    }

    pub(crate) fn repeated(&self) {
        self.repeats.add(1, &[]);
    }

    pub(crate) fn replayed(&self, source: Source, events: usize) {
        let source = [KeyValue::new("source", source.as_str())];
        self.replays
            .add(u64::try_from(events).unwrap_or(u64::MAX), &source);
    }

    /// How it was found out what somebody may hear: `kept` or `asked`.
    pub(crate) fn authorized(&self, how: &'static str) {
        self.authorizations.add(1, &[KeyValue::new("how", how)]);
    }

    /// Somebody was turned away in a way that makes them come back.
    pub(crate) fn shed(&self, reason: &'static str) {
        self.sheds.add(1, &[KeyValue::new("reason", reason)]);
    }

    pub(crate) fn missed(&self) {
        self.gaps.add(1, &[]);
    }

    pub(crate) fn lost(&self) {
        self.lost.add(1, &[]);
    }

    pub(crate) fn heard(&self, heard: bool) {
        self.heard.record(u64::from(heard), &[]);
    }
}

fn counter(
    meter: &Meter,
    name: &'static str,
    unit: &'static str,
    what: &'static str,
) -> Counter<u64> {
    meter
        .u64_counter(name)
        .with_unit(unit)
        .with_description(what)
        .build()
}

fn open_streams(meter: &Meter) -> UpDownCounter<i64> {
    meter
        .i64_up_down_counter("avvivo.sse.connections")
        .with_unit("{connection}")
        .with_description("Streams open now.")
        .build()
}

fn events(meter: &Meter, name: &'static str, what: &'static str) -> Histogram<u64> {
    meter
        .u64_histogram(name)
        .with_unit("{event}")
        .with_description(what)
        .with_boundaries(vec![
            1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0,
        ])
        .build()
}

/// What is looked up when somebody asks.
fn observe(meter: &Meter, hub: &Arc<Hub>) {
    observe_rings(meter, hub);
    observe_readers(meter, hub);
}

/// Who reads what.
fn observe_readers(meter: &Meter, hub: &Arc<Hub>) {
    let hub = Arc::clone(hub);
    meter
        .u64_observable_gauge("avvivo.sse.readers")
        .with_unit("{reader}")
        .with_description("Readers by the kind of audience; a stream reads several.")
        .with_callback(move |observer| {
            for (class, readers) in hub.readers() {
                let class = KeyValue::new("class", class);
                observer.observe(readers, &[class]);
            }
        })
        .build();
}

/// How full the rings are.
fn observe_rings(meter: &Meter, hub: &Arc<Hub>) {
    type Measure = fn(Occupancy) -> usize;
    let gauges: [(&'static str, &'static str, Measure); 3] = [
        ("avvivo.sse.rings", "{ring}", |all| all.rings),
        ("avvivo.sse.ring.events", "{event}", |all| all.events),
        ("avvivo.sse.ring.bytes", "By", |all| all.bytes),
    ];
    for (name, unit, measure) in gauges {
        let hub = Arc::clone(hub);
        meter
            .u64_observable_gauge(name)
            .with_unit(unit)
            .with_description("What is kept for readers that come back.")
            .with_callback(move |observer| {
                let value = measure(hub.occupancy());
                observer.observe(u64::try_from(value).unwrap_or(u64::MAX), &[]);
            })
            .build();
    }
}

fn seconds(meter: &Meter, name: &'static str, what: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(what)
        .with_boundaries(SECONDS_BUCKETS.to_vec())
        .build()
}

/// The time from `from` to `to`; none when the writer's clock is ahead of ours.
pub(crate) fn since(from: Timestamp, to: Timestamp) -> Duration {
    TimeDelta::to_std(&(to - from)).unwrap_or_default()
}
