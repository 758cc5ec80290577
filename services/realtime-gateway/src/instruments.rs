//! What is measured.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::audience;
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
    latency: Histogram<f64>,
    events_per_write: Histogram<u64>,
    lag: Histogram<f64>,
    repeats: Counter<u64>,
    replays: Counter<u64>,
    gaps: Counter<u64>,
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
        observe_rings(&meter, hub);
        let counter = |name: &'static str, unit: &'static str, what: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(what)
                .build()
        };
        Self {
            connections: open_streams(&meter),
            connects: counter("avvivo.sse.connects", "{connection}", "Streams opened."),
            ends: counter(
                "avvivo.sse.ends",
                "{connection}",
                "Streams ended, by reason.",
            ),
            deliveries: counter(
                "avvivo.sse.deliveries",
                "{event}",
                "Events written to streams.",
            ),
            latency: seconds(
                &meter,
                "avvivo.sse.delivery.latency",
                "From what happened to its being written to a stream.",
            ),
            events_per_write: events_per_write(&meter),
            lag: seconds(
                &meter,
                "avvivo.bus.lag",
                "From what happened to its being heard from the bus.",
            ),
            repeats: counter(
                "avvivo.bus.repeats",
                "{event}",
                "Events delivered again by the bus.",
            ),
            replays: counter(
                "avvivo.sse.replays",
                "{event}",
                "Events read from the history, by what for.",
            ),
            gaps: counter(
                "avvivo.sse.gaps",
                "{gap}",
                "Times a reader was told that something is missing.",
            ),
            lost: counter(
                "avvivo.bus.lost",
                "{gap}",
                "Times neither the bus nor the history had what comes next in an audience.",
            ),
            heard: meter
                .u64_gauge("avvivo.bus.heard")
                .with_description("1 while the bus can be heard.")
                .build(),
        }
    }

    /// A stream was opened; its channel's class says whose.
    pub(crate) fn opened(&self, channel: &str) {
        self.connections.add(1, &[]);
        let class = KeyValue::new("class", audience::class(channel).to_owned());
        self.connects.add(1, &[class]);
    }

    pub(crate) fn ended(&self, ending: Ending) {
        self.connections.add(-1, &[]);
        self.ends
            .add(1, &[KeyValue::new("reason", ending.as_str())]);
    }

    pub(crate) fn wrote(&self, events: usize) {
        self.events_per_write
            .record(u64::try_from(events).unwrap_or(u64::MAX), &[]);
    }

    pub(crate) fn delivered(&self, event: &'static str, latency: Duration) {
        let event = [KeyValue::new("event", event)];
        self.deliveries.add(1, &event);
        self.latency.record(latency.as_secs_f64(), &event);
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

fn open_streams(meter: &Meter) -> UpDownCounter<i64> {
    meter
        .i64_up_down_counter("avvivo.sse.connections")
        .with_unit("{connection}")
        .with_description("Streams open now.")
        .build()
}

fn events_per_write(meter: &Meter) -> Histogram<u64> {
    meter
        .u64_histogram("avvivo.sse.write.events")
        .with_unit("{event}")
        .with_description("Events in one write to a stream.")
        .with_boundaries(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
        .build()
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
