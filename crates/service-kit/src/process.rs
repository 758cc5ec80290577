//! A service's `main`, the same for all of them.

use std::{error::Error, fmt::Write as _, ops::ControlFlow, process::ExitCode};

use crate::{
    Lifecycle, Telemetry,
    config::{ConfigArgs, Env, Section, ServerConfig, TelemetryConfig},
    crypto::install_crypto,
    telemetry,
};

/// What every service's configuration has.
pub trait ServiceConfig: Section {
    /// The listener, and how to leave.
    fn server(&self) -> &ServerConfig;
    /// Logs, traces, metrics.
    fn telemetry(&self) -> &TelemetryConfig;
}

/// Reads the configuration, starts the service, and lives until it is stopped.
///
/// `start` builds the service, gives it to the lifecycle, and says that it is ready; or it does the one thing that it was
/// started for, and stops the lifecycle. An error of it ends the process with code 1.
pub async fn run<C, E>(
    name: &'static str,
    args: &ConfigArgs,
    start: impl AsyncFnOnce(&C, &Telemetry, &Lifecycle) -> Result<(), E>,
) -> ExitCode
where
    C: ServiceConfig,
    E: Error + 'static,
{
    install_crypto();
    let config = match args.load::<C>(&Env::from_process()) {
        ControlFlow::Continue(config) => config,
        ControlFlow::Break(code) => return code,
    };
    let telemetry = match telemetry::init(name, config.telemetry()) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed_start(&error),
    };
    let lifecycle = Lifecycle::new(config.server().drain);
    let started = start(&config, &telemetry, &lifecycle).await;
    if started.is_err() {
        lifecycle.stop();
    }
    let code = match &started {
        Ok(()) => None,
        Err(error) => Some(failed_start(error)),
    };
    // What was started before the failure ends in order, too.
    let ended = lifecycle.run(&telemetry).await;
    code.unwrap_or(ended)
}

/// Logs why the process cannot do what it was started for, with the chain of causes, and gives the code to exit with.
pub fn failed_start(error: &(dyn Error + 'static)) -> ExitCode {
    tracing::error!(error = chain(error), "the service could not start");
    ExitCode::FAILURE
}

/// An error with its causes, for one line of a log: `outer: inner: innermost`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        write!(text, ": {error}").unwrap_or_default();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_are_told_from_the_outside_in() {
        assert_eq!(
            chain(&Outer(std::io::Error::other("inner"))),
            "outer: inner"
        );
    }
}
