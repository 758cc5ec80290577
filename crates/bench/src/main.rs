#![doc = include_str!("../README.md")]

mod api;
mod checkout;
mod cloud;
mod endpoint;
mod enqueue;
mod machine;
mod memory;
mod messages;
mod metrics;
mod pgbench;
mod platform;
mod realtime;
mod render;
mod report;
mod sample;
mod service;
mod start;
mod tool;
mod usage;
mod wrk;

use std::{fmt::Display, io::Write as _, process::ExitCode};

use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use report::{Report, summary};

/// Measures the platform beside the physical limit of each thing measured.
#[derive(Parser)]
#[command(name = "scripts/bench")]
struct Args {
    /// What to measure.
    benchmark: Benchmark,
    /// Also write the tables into .github/BENCHMARKS.md.
    #[arg(long)]
    write: bool,
    /// Of `realtime`, only this; for whoever changes something and wants to see what that does.
    #[arg(long, conflicts_with = "write")]
    only: Option<realtime::Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// What is read most, beside nginx and pgbench.
    Api,
    /// A render, beside one ffmpeg command.
    Render,
    /// gcp-local, beside Google's emulator and the disk.
    GcpLocal,
    /// From the commit of a reel to the start of its render.
    Enqueue,
    /// A message to its reader, and how many an api accepts.
    Messages,
    /// The gateway, beside one `send` for each event and reader.
    Realtime,
    /// From nothing to the first 200.
    Start,
    /// What an idle service holds.
    Memory,
    /// All of them, and a summary.
    All,
}

impl Benchmark {
    /// The quick ones first.
    const EACH: [Self; 8] = [
        Self::Start,
        Self::Memory,
        Self::Api,
        Self::Enqueue,
        Self::Messages,
        Self::Realtime,
        Self::GcpLocal,
        Self::Render,
    ];

    async fn run(self, only: Option<realtime::Part>) -> anyhow::Result<Report> {
        match self {
            Self::Api => api::run().await,
            Self::Render => render::run().await,
            Self::GcpLocal => cloud::run().await,
            Self::Enqueue => enqueue::run().await,
            Self::Messages => messages::run().await,
            Self::Realtime => realtime::run(only).await,
            Self::Start => start::run().await,
            Self::Memory => memory::run().await,
            Self::All => anyhow::bail!("all is not one benchmark"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            ended = run(Args::parse()) => ended,
            // Dropping what runs is what stops the servers and deletes their data.
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
            _ = terminated.recv() => anyhow::bail!("terminated"),
        }
    };
    match ended.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let wanted = match args.benchmark {
        Benchmark::All => Benchmark::EACH.to_vec(),
        one => vec![one],
    };
    anyhow::ensure!(
        args.only.is_none() || args.benchmark == Benchmark::Realtime,
        "--only is for realtime"
    );
    let machine = machine::describe()?;
    say(format_args!("{machine}\n"))?;
    let mut goals = Vec::new();
    let mut failed = Vec::new();
    for benchmark in &wanted {
        match benchmark.run(args.only).await {
            Ok(report) => {
                say(format_args!("{report}"))?;
                if args.write {
                    report.write(&machine)?;
                }
                goals.extend(report.into_goals());
            }
            // One that cannot run must not hide what the others found.
            Err(error) if wanted.len() > 1 => {
                progress(format_args!("{benchmark:?}: {error:#}"));
                failed.push(format!("{benchmark:?}"));
            }
            Err(error) => return Err(error),
        }
    }
    if wanted.len() > 1 {
        say(format_args!("## Summary\n\n{}", summary(&goals)))?;
    }
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

/// Tells the person at the terminal what was found.
fn say(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Tells the person at the terminal what takes so long.
fn progress(text: impl Display) {
    // Nothing is left to do when even the terminal is gone.
    drop(writeln!(std::io::stderr(), "{text}"));
}
