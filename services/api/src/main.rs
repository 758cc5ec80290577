//! The api as a process of its own.

use std::{ops::ControlFlow, process::ExitCode};

use avvivo_api::{Api, Config};
use avvivo_service_kit::{
    Lifecycle,
    config::{ConfigArgs, Env},
    crypto::install_crypto,
    failed_start, telemetry,
};
use clap::Parser;

// Many small responses; steady memory matters more than the last bit of speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Serves the public HTTP interface of Avellaneda en Vivo.
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
    let telemetry = match telemetry::init("avvivo-api", &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed_start(&error),
    };
    let lifecycle = Lifecycle::new(config.server.drain);
    match Api::start(&config, &telemetry, &lifecycle).await {
        Ok(()) => lifecycle.run(&telemetry).await,
        Err(error) => failed_start(&error),
    }
}
