//! Everything about the scheduler that is configurable.

use avvivo_service_kit::{
    ServiceConfig,
    config::{Reader, Section, ServerConfig, ServerOn, TelemetryConfig},
};
use avvivo_wiring::{core::CoreConfig, outside::OutsideConfig};

/// The scheduler's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The listener.
    pub server: ServerConfig,
    /// Logs, traces, metrics.
    pub telemetry: TelemetryConfig,
    /// Database, Google, media, renders.
    pub core: CoreConfig,
    /// Who sends the mails that a sweep finds, and knows the map.
    pub outside: OutsideConfig,
    /// Who may start jobs, and whether they start by themselves.
    pub jobs: JobsConfig,
}

impl Section for Config {
    const TITLE: &'static str = "scheduler";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            server: reader.section::<ServerOn<8082>>().0,
            telemetry: reader.section(),
            core: reader.section(),
            outside: reader.section(),
            jobs: reader.section(),
        }
    }
}

impl ServiceConfig for Config {
    fn server(&self) -> &ServerConfig {
        &self.server
    }

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }
}

/// Who may start jobs, and whether they start by themselves.
#[derive(Debug, Clone)]
pub struct JobsConfig {
    /// What callers' tokens must be made for.
    pub audience: String,
    /// Service accounts that may start jobs.
    pub callers: Vec<String>,
    /// Whether jobs run by themselves.
    pub loops: bool,
}

impl Section for JobsConfig {
    const TITLE: &'static str = "Jobs";

    fn read(reader: &mut Reader<'_>) -> Self {
        let production = reader.production();
        Self {
            audience: reader
                .text(
                    "SCHEDULER_URL",
                    "Address of the scheduler; the audience of callers' tokens.",
                )
                .required_in_production("http://127.0.0.1:8082".to_owned(), "its local default"),
            callers: reader
                .list("SCHEDULER_CALLERS", "Service accounts that may start jobs.")
                // Whoever registers a project of that name with Google could start them.
                .required_in_production(
                    vec!["scheduler@avvivo-local.iam.gserviceaccount.com".to_owned()],
                    "an account of the local stand-in",
                ),
            loops: reader
                .flag("SCHEDULER_LOOP", "Whether jobs run by themselves.")
                .default(
                    !production,
                    "a single host has nobody else to start them; Google has Cloud Scheduler",
                ),
        }
    }
}
