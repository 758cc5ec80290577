//! How much is rendered, how fast, and what fails.

use std::time::Duration;

use avvivo_domain::reels::ReelType;
use avvivo_service_kit::Metrics;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

use crate::renderer::Outcome;

/// Renders take from a fraction of a second (copied) to minutes (4K on a busy machine).
const SECONDS: &[f64] = &[
    0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
];
/// Seconds of work for a second of video: copying is near nothing, one good core needs about two.
const RATIOS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0,
];

/// The instruments.
#[derive(Clone)]
pub(crate) struct Meters {
    attempts: Counter<u64>,
    failures: Counter<u64>,
    active: UpDownCounter<i64>,
    duration: Histogram<f64>,
    per_media_second: Histogram<f64>,
}

/// A render under way; dropping it ends its count.
pub(crate) struct Active(UpDownCounter<i64>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.add(-1, &[]);
    }
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let meter = metrics.meter("reels-processor");
        Self {
            attempts: meter
                .u64_counter("avvivo.render.attempts")
                .with_description("Claimed reels by what became of them.")
                .build(),
            failures: meter
                .u64_counter("avvivo.render.failures")
                .with_description("Failed attempts by the code that the shop reads.")
                .build(),
            active: meter
                .i64_up_down_counter("avvivo.render.active")
                .with_description("Renders under way.")
                .build(),
            duration: meter
                .f64_histogram("avvivo.render.duration")
                .with_unit("s")
                .with_description("Time in ffmpeg for a published reel.")
                .with_boundaries(SECONDS.to_vec())
                .build(),
            per_media_second: meter
                .f64_histogram("avvivo.render.time_per_media_second")
                .with_description("Seconds in ffmpeg for a second of published video.")
                .with_boundaries(RATIOS.to_vec())
                .build(),
        }
    }

    pub(crate) fn begin(&self) -> Active {
        self.active.add(1, &[]);
        Active(self.active.clone())
    }

    pub(crate) fn attempted(&self, outcome: Outcome) {
        self.attempts
            .add(1, &[KeyValue::new("outcome", outcome.as_str())]);
    }

    pub(crate) fn failed(&self, code: &'static str) {
        self.failures.add(1, &[KeyValue::new("code", code)]);
    }

    pub(crate) fn rendered(&self, kind: ReelType, elapsed: Duration, media: Option<Duration>) {
        let seconds = elapsed.as_secs_f64();
        self.duration
            .record(seconds, &[KeyValue::new("type", kind.as_str())]);
        if let Some(media) = media.filter(|media| !media.is_zero()) {
            self.per_media_second
                .record(seconds / media.as_secs_f64(), &[]);
        }
    }
}
