//! The scheduler as a process of its own.

use std::{
    io::{self, Write as _},
    ops::ControlFlow,
    process::ExitCode,
};

use avvivo_scheduler::{Config, Job, Scheduler};
use avvivo_service_kit::{
    Lifecycle, Telemetry,
    config::{ConfigArgs, Env},
    crypto::install_crypto,
    failed_start, telemetry,
};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the periodic jobs of Avellaneda en Vivo.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Run this job once and exit: 0 when it ran or somebody else is running it, 1 when it failed.
    #[arg(long, value_name = "JOB", value_parser = job)]
    once: Option<&'static str>,
}

fn job(name: &str) -> Result<&'static str, String> {
    let known = || avvivo_scheduler::jobs::JOBS.map(|job| job.name).join(", ");
    Job::named(name)
        .map(|job| job.name)
        .ok_or_else(|| format!("there are: {}", known()))
}

#[tokio::main]
async fn main() -> ExitCode {
    install_crypto();
    let args = Args::parse();
    let config = match args.config.load::<Config>(&Env::from_process()) {
        ControlFlow::Continue(config) => config,
        ControlFlow::Break(code) => return code,
    };
    let telemetry = match telemetry::init("avvivo-scheduler", &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed_start(&error),
    };
    let lifecycle = Lifecycle::new(config.server.drain);
    if let Some(job) = args.once.and_then(Job::named) {
        return once(&config, &telemetry, &lifecycle, job).await;
    }
    match Scheduler::start(&config, &telemetry, &lifecycle).await {
        Ok(()) => lifecycle.run(&telemetry).await,
        Err(error) => failed_start(&error),
    }
}

async fn once(config: &Config, telemetry: &Telemetry, lifecycle: &Lifecycle, job: Job) -> ExitCode {
    let ran = match Scheduler::build(config, telemetry, lifecycle).await {
        Ok(scheduler) => scheduler.once(job).await,
        Err(error) => return failed_start(&error),
    };
    lifecycle.stop();
    let code = lifecycle.run(telemetry).await;
    match ran {
        // The exit code says it too, should nobody read the report.
        Ok(report) => writeln!(io::stdout(), "{report}").map_or(ExitCode::FAILURE, |()| code),
        Err(error) => failed_start(&error),
    }
}
