//! The gateway as a process of its own.

use std::process::ExitCode;

use avvivo_realtime_gateway::{Config, Gateway};
use avvivo_service_kit::{config::ConfigArgs, process};
use clap::Parser;

// Thousands of long connections, each of which takes a hundred times while it begins what it takes afterwards: it matters most
// that what a burst has left goes back. How, `.cargo/config.toml` says.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
