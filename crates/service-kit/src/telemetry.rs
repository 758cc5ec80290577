//! Logs, traces and metrics of a process.
//!
//! [`init`] is called once, first thing in `main`; a second call, as when several services share a process or a test
//! binary, hands back what the first one made. Nothing here may slow the work it watches: log lines go through a
//! bounded queue to one writing thread and are dropped and counted when it is full; spans go to a bounded batch queue;
//! exporters exist only where a collector is configured, and each call of theirs has a deadline.

mod cloud_logging;
mod export;
mod fields;
mod gathering;
mod metrics;
mod panics;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter, subscriber::set_global_default};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
};

pub use metrics::{Metrics, SECONDS_BUCKETS};

use crate::{
    config::{LogFormat, TelemetryConfig},
    trace::CloudPropagator,
};

/// Lines waiting for the writing thread. At a kilobyte each this bounds the wait to a few megabytes; a terminal or pipe
/// that falls further behind costs lines, not requests.
const LOG_QUEUE_LINES: usize = 8_192;

/// What becomes a span of a trace. Said to the filters as a whole, so that nobody is asked about less.
const SPANS: LevelFilter = LevelFilter::INFO;

static INSTALLED: Mutex<Option<Telemetry>> = Mutex::new(None);

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The collector's address is of no use.
    #[error("the OTLP exporter cannot be built")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The metrics registry refused the exporter.
    #[error("the metrics registry cannot be built")]
    Registry(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// The log filter does not parse.
    #[error("the log filter cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
}

/// The process's telemetry; clones share it.
#[derive(Clone)]
pub struct Telemetry {
    metrics: Metrics,
    tracer: SdkTracerProvider,
    log_writer: Arc<Mutex<Option<WorkerGuard>>>,
}

/// Sets up logs, traces and metrics for `service`, or returns what an earlier call set up.
///
/// With a collector configured it has to be called inside a tokio runtime, which carries the exporters' connections.
/// A subscriber that is already installed, as tests do, stays.
pub fn init(service: &'static str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(telemetry) = installed.as_ref() {
        return Ok(telemetry.clone());
    }
    let telemetry = install(service, config)?;
    *installed = Some(telemetry.clone());
    Ok(telemetry)
}

fn install(service: &'static str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    let name = config
        .service_name
        .clone()
        .unwrap_or_else(|| service.to_owned());
    let resource = export::resource(&name, config);
    let tracer = export::tracer_provider(&resource, config)?;
    let metrics = Metrics::new(resource, export::metric_reader(config)?)?;

    global::set_text_map_propagator(CloudPropagator::default());
    global::set_tracer_provider(tracer.clone());
    global::set_meter_provider(metrics.provider().clone());

    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LOG_QUEUE_LINES)
        .thread_name("log-writer")
        .finish(gathering::Gathering::new(io::stdout()));
    metrics.count_dropped_lines(writer.error_counter());

    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer.tracer(service))
        // Where a span is written and which thread ran it says nothing that its name does not, and costs every request.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(SPANS.and(filter_fn(is_our_work).with_max_level_hint(SPANS)));
    let subscriber = tracing_subscriber::registry()
        .with(spans)
        .with(log_layer(&name, config, writer).with_filter(EnvFilter::try_new(&config.filter)?));
    // A person at a terminal, or reading a failed test, is better served by the usual text on standard error.
    //
    // Lines of the `log` crate are left out: who only asks there whether a line is wanted, as sqlx does after each query,
    // leaves the answer in the filters, and the next line or span of the thread is lost to it.
    if set_global_default(subscriber).is_ok() && config.format == LogFormat::Json {
        panics::log_panics();
    }
    Ok(Telemetry {
        metrics,
        tracer,
        log_writer: Arc::new(Mutex::new(Some(guard))),
    })
}

/// The target of the line that each request ends with.
pub const ACCESS: &str = "avvivo::access";

/// The exporters' own connections must not be traced, or each export would cause the next. And the line that each request ends
/// with says nothing that its span does not.
fn is_our_work(metadata: &Metadata<'_>) -> bool {
    const PLUMBING: &[&str] = &[
        "h2",
        "hyper",
        "hyper_util",
        "tonic",
        "tower",
        "opentelemetry",
    ];
    let root = metadata.target().split("::").next().unwrap_or_default();
    !PLUMBING.contains(&root) && !root.starts_with("opentelemetry") && metadata.target() != ACCESS
}

fn log_layer<S>(
    service: &str,
    config: &TelemetryConfig,
    writer: NonBlocking,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match config.format {
        LogFormat::Json => Box::new(cloud_logging::CloudLogging::new(service, config, writer)),
        LogFormat::Text => {
            let colours = io::IsTerminal::is_terminal(&io::stdout());
            tracing_subscriber::fmt::layer()
                .compact()
                .with_ansi(colours)
                .with_writer(writer)
                .boxed()
        }
    }
}

impl Telemetry {
    /// The process's metrics, for `/metrics` and for instruments.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends what is queued and ends the exporters, for at most `limit`; then writes the last log lines.
    ///
    /// What an unreachable collector did not take by then is lost. Lines logged afterwards are too.
    pub async fn shutdown(&self, limit: Duration) {
        let (done, finished) = tokio::sync::oneshot::channel();
        let (tracer, metrics) = (self.tracer.clone(), self.metrics.clone());
        // A plain thread: the SDK's shutdown blocks, and the runtime would wait for a blocking task of its own beyond
        // any limit. If the limit passes, the thread ends with the process.
        let flusher = std::thread::Builder::new()
            .name("telemetry-flush".to_owned())
            .spawn(move || {
                // Failing to deliver telemetry at the end is nobody's error, and nobody is left to tell.
                drop((
                    tracer.shutdown_with_timeout(limit),
                    metrics.provider().shutdown(),
                ));
                // Sending fails when the limit has passed already.
                done.send(()).unwrap_or_default();
            });
        if flusher.is_ok() && tokio::time::timeout(limit, finished).await.is_err() {
            tracing::warn!("telemetry was not delivered in time");
        }
        let guard = self
            .log_writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(guard);
    }
}
