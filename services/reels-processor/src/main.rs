//! The processor as a process of its own.

use std::process::ExitCode;

use avvivo_reels_processor::{Config, Processor};
use avvivo_service_kit::{config::ConfigArgs, process};
use clap::Parser;

/// Renders reels.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Render what waits, and exit: 0 when nothing has to be tried again, 1 otherwise.
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    process::run(
        "avvivo-reels-processor",
        &args.config,
        async |config: &Config, telemetry, lifecycle| {
            if args.once {
                Processor::once(config, telemetry, lifecycle).await
            } else {
                Processor::start(config, telemetry, lifecycle).await
            }
        },
    )
    .await
}
