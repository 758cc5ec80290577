//! What is counted of the outbox.

use std::time::Duration;

use avvivo_kernel::Timestamp;
use avvivo_postgres::outbox::{Kind, errands::Errand};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};

/// From half a millisecond, which a commit away from a bus in memory takes, to the claims' end.
const SECONDS_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

pub(super) struct Meters {
    pub(super) refused: Counter<u64>,
    pub(super) retries: Counter<u64>,
    handed_over: Counter<u64>,
    errands: Counter<u64>,
    wait: Histogram<f64>,
    publish: Histogram<f64>,
    lag: Histogram<f64>,
}

impl Meters {
    pub(super) fn new() -> Self {
        let meter = opentelemetry::global::meter("avvivo.outbox");
        let counter = |name: &'static str, what: &'static str| {
            meter.u64_counter(name).with_description(what).build()
        };
        let seconds = |name: &'static str, what: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(what)
                .with_boundaries(SECONDS_BUCKETS.to_vec())
                .build()
        };
        Self {
            refused: counter(
                "avvivo.outbox.refused",
                "Outbox rows that the bus or the queue will never take",
            ),
            retries: counter(
                "avvivo.outbox.retries",
                "Outbox rows that have to be handed over again",
            ),
            handed_over: counter(
                "avvivo.outbox.handed_over",
                "Outbox rows that the bus or the queue has confirmed",
            ),
            errands: counter(
                "avvivo.outbox.errands",
                "Mails that were sent and addresses that were looked up, or need not be",
            ),
            wait: seconds(
                "avvivo.outbox.wait",
                "Time from a commit to the publishing of its events, of those that go through memory",
            ),
            publish: seconds(
                "avvivo.outbox.publish",
                "Time from the publishing of an event to its confirmation",
            ),
            lag: seconds(
                "avvivo.outbox.lag",
                "Time from writing an outbox row to its confirmation",
            ),
        }
    }

    /// An event that was committed then is published now.
    pub(super) fn waited(&self, committed: Timestamp, now: Timestamp) {
        self.wait.record(seconds_between(committed, now), &[]);
    }

    /// An event was confirmed that long after its publishing.
    pub(super) fn published(&self, took: Duration) {
        self.publish.record(took.as_secs_f64(), &[]);
    }

    /// An errand was run.
    pub(super) fn ran(&self, errand: Errand) {
        let kind = KeyValue::new("outbox.kind", Kind::Errands(errand).as_str());
        self.errands.add(1, &[kind]);
    }

    /// A row that was written then is confirmed now.
    pub(super) fn confirmed(&self, written: Timestamp, now: Timestamp) {
        self.handed_over.add(1, &[]);
        self.lag.record(seconds_between(written, now), &[]);
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.signed_duration_since(from).as_seconds_f64().max(0.0)
}
