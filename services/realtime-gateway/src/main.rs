//! The gateway as a process of its own.

use std::process::ExitCode;

use avvivo_realtime_gateway::{Config, Gateway};
use avvivo_service_kit::{config::ConfigArgs, process};
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
    let args = Args::parse();
    process::run::<Config, _>("avvivo-realtime-gateway", &args.config, Gateway::start).await
}
