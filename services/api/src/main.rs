//! The api as a process of its own.

use std::process::ExitCode;

use avvivo_api::{Api, Config};
use avvivo_service_kit::{config::ConfigArgs, process};
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
    let args = Args::parse();
    process::run::<Config, _>("avvivo-api", &args.config, Api::start).await
}
