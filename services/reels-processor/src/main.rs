//! Reads the configuration, listens, and leaves the rest to the library.

use std::{
    io::{Write as _, stderr},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::Context as _;
use avvivo_reels_processor::{Config, NAME, build};
use avvivo_service_kit::{
    Lifecycle, Telemetry,
    config::{ConfigArgs, Env},
    crypto::install_crypto,
    telemetry,
};
use clap::Parser;
use tokio::net::TcpListener;

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
    install_crypto();
    let args = Args::parse();
    let config = match args.config.load::<Config>(&Env::from_process()) {
        ControlFlow::Continue(config) => config,
        ControlFlow::Break(code) => return code,
    };
    match run(&args, &config).await {
        Ok(code) => code,
        Err(error) => {
            // The exit code says it too, should standard error be closed.
            writeln!(stderr(), "{NAME} does not start: {error:#}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let telemetry: Telemetry = telemetry::init(NAME, &config.telemetry)?;
    let lifecycle = Lifecycle::new(config.server.drain);
    let processor = build(config, telemetry.metrics(), &lifecycle).await?;
    if args.once {
        processor.run_once(&lifecycle);
    } else {
        let address = config.server.address();
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        lifecycle.serve(listener, processor.router.clone());
        lifecycle.set_ready();
    }
    Ok(lifecycle.run(&telemetry).await)
}
