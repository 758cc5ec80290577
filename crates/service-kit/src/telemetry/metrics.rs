//! Instruments and the text of `/metrics`.

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};
use tracing_appender::non_blocking::ErrorCounter;

use super::TelemetryError;

/// Bucket bounds for histograms in seconds, those the semantic conventions give for `http.server.request.duration`.
pub const SECONDS_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Makes instruments and renders what they measured.
///
/// Name instruments by OpenTelemetry's semantic conventions (`http.server.request.duration`,
/// `db.client.connection.count`) and what is ours `avvivo.<thing>.<measure>`, with UCUM units. The SDK keeps at most
/// 2000 combinations of attributes for an instrument, so an attribute must never hold an id.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Metrics {
    /// What an HTTP answer with [`render`](Self::render) says it is.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    pub(super) fn new(
        resource: Resource,
        otlp: Option<PeriodicReader<MetricExporter>>,
    ) -> Result<Self, TelemetryError> {
        let registry = Registry::new();
        let prometheus = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()?;
        let mut builder = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(prometheus);
        if let Some(reader) = otlp {
            builder = builder.with_reader(reader);
        }
        Ok(Self {
            registry,
            provider: builder.build(),
        })
    }

    /// Metrics of their own, apart from the process's, for tests.
    pub fn isolated() -> Result<Self, TelemetryError> {
        Self::new(Resource::builder_empty().build(), None)
    }

    /// The instruments of a part of the service, such as `http`.
    pub fn meter(&self, scope: &'static str) -> Meter {
        self.provider.meter(scope)
    }

    /// Everything measured so far, in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be rendered");
        }
        text
    }

    pub(super) fn provider(&self) -> &SdkMeterProvider {
        &self.provider
    }

    pub(super) fn count_dropped_lines(&self, lines: ErrorCounter) {
        // The provider keeps the callback; the handle is not needed.
        let _counter = self
            .meter("log")
            .u64_observable_counter("avvivo.log.dropped")
            .with_unit("{line}")
            .with_description("Log lines dropped because the writer was behind.")
            .with_callback(move |observer| {
                observer.observe(
                    u64::try_from(lines.dropped_lines()).unwrap_or(u64::MAX),
                    &[],
                );
            })
            .build();
    }
}
