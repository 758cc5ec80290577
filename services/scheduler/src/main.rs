//! The scheduler as a process of its own.

use std::process::ExitCode;

use avvivo_scheduler::{Config, Job, Scheduler};
use avvivo_service_kit::{config::ConfigArgs, process};
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
    once: Option<Job>,
    /// Bring the schema and the queue's limits up to date and exit. A step of every deployment, before the services start.
    #[arg(long, conflicts_with = "once")]
    prepare: bool,
}

fn job(name: &str) -> Result<Job, String> {
    let known = || avvivo_scheduler::jobs::JOBS.map(|job| job.name).join(", ");
    Job::named(name).ok_or_else(|| format!("there are: {}", known()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    process::run(
        "avvivo-scheduler",
        &args.config,
        async |config: &Config, telemetry, lifecycle| match args.once {
            _ if args.prepare => avvivo_scheduler::prepare(config, lifecycle).await,
            Some(job) => Scheduler::once(config, telemetry, lifecycle, job).await,
            None => Scheduler::start(config, telemetry, lifecycle).await,
        },
    )
    .await
}
