//! Logs, traces and metrics.

use tracing_subscriber::EnvFilter;

use crate::config::{Reader, Section};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One Cloud Logging object a line.
    Json,
    /// For people at a terminal.
    Text,
}

/// What to record and where to send it.
#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// Filter directives.
    pub filter: String,
    /// How log lines look.
    pub format: LogFormat,
    /// Collector for traces and metrics; without it nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// Overrides the service's own name.
    pub service_name: Option<String>,
    /// Share of traces that begin here and are sampled, from 0 to 1.
    pub sample_ratio: f64,
    /// Project in whose name trace ids are written to logs.
    pub project: Option<String>,
    /// Running revision, a label on every line.
    pub revision: Option<String>,
}

impl Section for TelemetryConfig {
    const TITLE: &'static str = "Telemetry";

    fn read(reader: &mut Reader<'_>) -> Self {
        const FORMATS: &[(&str, LogFormat)] =
            &[("json", LogFormat::Json), ("text", LogFormat::Text)];
        let (format, sample_ratio) = if reader.production() {
            (LogFormat::Json, 0.1)
        } else {
            (LogFormat::Text, 1.0)
        };
        Self {
            filter: reader
                .text("RUST_LOG", "Log filter, as `tracing` directives.")
                .rule("must be valid directives", |text| {
                    EnvFilter::try_new(text).is_ok()
                })
                .default(
                    "info".to_owned(),
                    "one line for each request and each decision",
                ),
            format: reader
                .choice("LOG_FORMAT", "How log lines look.", FORMATS)
                .default(format, "for people at a terminal; json in production"),
            otlp_endpoint: reader
                .parsed::<http::Uri>(
                    "OTEL_EXPORTER_OTLP_ENDPOINT",
                    "OTLP collector (gRPC) for traces and metrics; without it none are sent.",
                    "address",
                )
                .rule("must be an http or https address", |uri| {
                    uri.scheme().is_some() && uri.host().is_some()
                })
                .optional()
                .map(|uri| uri.to_string()),
            service_name: reader
                .text(
                    "OTEL_SERVICE_NAME",
                    "Name in telemetry, instead of the service's own.",
                )
                .optional(),
            sample_ratio: reader
                .number(
                    "OTEL_TRACES_SAMPLER_ARG",
                    "Share of traces begun here that are sampled; a caller's decision is kept.",
                )
                .between(0.0, 1.0)
                .default(
                    sample_ratio,
                    "all when working locally; 0.1 in production, for the cost",
                ),
            project: reader
                .text(
                    "GOOGLE_CLOUD_PROJECT",
                    "Google Cloud project; links log lines to traces.",
                )
                .optional(),
            revision: reader
                .text("K_REVISION", "Set by Cloud Run: the revision.")
                .optional(),
        }
    }
}
