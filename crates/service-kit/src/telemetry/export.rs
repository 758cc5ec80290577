//! What leaves the process by OTLP, where a collector is configured.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    Compression, MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig,
};
use opentelemetry_sdk::{
    Resource,
    metrics::PeriodicReader,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};

use super::TelemetryError;
use crate::config::TelemetryConfig;

/// A collector beside us answers in milliseconds; one that does not is away.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);
/// Spans that wait for a slow collector: a few seconds of a busy service, a few megabytes. The rest is dropped.
const SPAN_QUEUE: usize = 4_096;
/// Spans in one export.
const SPAN_BATCH: usize = 512;
/// Short enough that a trace can be looked at right after the request.
const SPAN_DELAY: Duration = Duration::from_secs(2);
/// The resolution of the dashboards.
const METRIC_INTERVAL: Duration = Duration::from_secs(30);

pub(super) fn resource(name: &str, config: &TelemetryConfig) -> Resource {
    let optional = [
        ("service.version", &config.revision),
        ("gcp.project_id", &config.project),
    ];
    let attributes = optional
        .into_iter()
        .filter_map(|(key, value)| value.clone().map(|value| KeyValue::new(key, value)));
    Resource::builder()
        .with_service_name(name.to_owned())
        .with_attributes(attributes)
        .build()
}

/// Trace ids are made whether or not anything is exported: logs and events carry them too.
pub(super) fn tracer_provider(
    resource: &Resource,
    config: &TelemetryConfig,
) -> Result<SdkTracerProvider, TelemetryError> {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    let builder = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_sampler(sampler);
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(builder.build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .with_compression(Compression::Gzip)
        .build()?;
    let queue = BatchConfigBuilder::default()
        .with_max_queue_size(SPAN_QUEUE)
        .with_max_export_batch_size(SPAN_BATCH)
        .with_scheduled_delay(SPAN_DELAY)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(queue)
        .build();
    Ok(builder.with_span_processor(processor).build())
}

pub(super) fn metric_reader(
    config: &TelemetryConfig,
) -> Result<Option<PeriodicReader<MetricExporter>>, TelemetryError> {
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(None);
    };
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(EXPORT_TIMEOUT)
        .with_compression(Compression::Gzip)
        .build()?;
    Ok(Some(
        PeriodicReader::builder(exporter)
            .with_interval(METRIC_INTERVAL)
            .build(),
    ))
}
