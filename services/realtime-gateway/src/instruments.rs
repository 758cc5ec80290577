//! What is measured.

use std::time::Duration;

use avvivo_kernel::Timestamp;
use avvivo_service_kit::{Metrics, telemetry::SECONDS_BUCKETS};
use chrono::TimeDelta;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter},
};

use crate::ending::{Ending, Missed};

/// The gateway's instruments; clones share them.
#[derive(Clone)]
pub(crate) struct Instruments {
    connections: UpDownCounter<i64>,
    connects: Counter<u64>,
    ends: Counter<u64>,
    deliveries: Counter<u64>,
    latency: Histogram<f64>,
    lag: Histogram<f64>,
    repeats: Counter<u64>,
    resyncs: Counter<u64>,
    heard: Gauge<u64>,
}

impl Instruments {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let meter = metrics.meter("gateway");
        let counter = |name: &'static str, unit: &'static str, what: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(what)
                .build()
        };
        Self {
            connections: meter
                .i64_up_down_counter("avvivo.sse.connections")
                .with_unit("{connection}")
                .with_description("Streams open now.")
                .build(),
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
            resyncs: counter(
                "avvivo.bus.resyncs",
                "{event}",
                "Times events were missed, by reason.",
            ),
            heard: meter
                .u64_gauge("avvivo.bus.heard")
                .with_description("1 while the bus can be heard.")
                .build(),
        }
    }

    pub(crate) fn opened(&self) {
        self.connections.add(1, &[]);
        self.connects.add(1, &[]);
    }

    pub(crate) fn ended(&self, ending: Ending) {
        self.connections.add(-1, &[]);
        self.ends
            .add(1, &[KeyValue::new("reason", ending.as_str())]);
    }

    pub(crate) fn written(&self, event: &'static str, latency: Duration) {
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

    pub(crate) fn missed(&self, missed: Missed) {
        self.resyncs
            .add(1, &[KeyValue::new("reason", missed.as_str())]);
    }

    pub(crate) fn heard(&self, heard: bool) {
        self.heard.record(u64::from(heard), &[]);
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
