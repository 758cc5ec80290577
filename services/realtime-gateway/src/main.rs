//! The gateway as a process of its own.

use std::{ops::ControlFlow, process::ExitCode};

use avvivo_realtime_gateway::{Config, Gateway};
use avvivo_service_kit::{
    Lifecycle,
    config::{ConfigArgs, Env},
    crypto::install_crypto,
    telemetry,
};
use clap::Parser;

// Thousands of long connections with small buffers: steady memory matters more than the last bit of speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Streams what happens in Avellaneda en Vivo to those it concerns.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    install_crypto();
    let config = match Args::parse().config.load::<Config>(&Env::from_process()) {
        ControlFlow::Continue(config) => config,
        ControlFlow::Break(code) => return code,
    };
    let telemetry = match telemetry::init("avvivo-realtime-gateway", &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error),
    };
    let lifecycle = Lifecycle::new(config.server.drain);
    match Gateway::start(&config, &telemetry, &lifecycle).await {
        Ok(()) => lifecycle.run(&telemetry).await,
        Err(error) => fail(&error),
    }
}

fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(error, "the gateway could not start");
    ExitCode::FAILURE
}
