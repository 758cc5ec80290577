//! The gateway, beside the least that the kernel allows: one thread with one epoll that hands every event to each socket with
//! one `send`, and has no rights, no history and nobody slow (the floor).
//!
//! Around the gateway stands what it has in a deployment: Redis, which carries events; an api, played here, which knows
//! everybody and everything they were told; and writers, whose events the same stand-in numbers. Load generator and floor are
//! kept elsewhere ([`tools`]).

mod api;
mod broadcast;
mod chat;
mod contest;
mod idle;
mod load;
mod past;
mod stage;
mod stalled;
mod storm;
mod tools;
mod writers;

use clap::ValueEnum;

use crate::{
    progress,
    report::{Bound, Goal, Report},
};
use stage::Stage;
use tools::Tools;

/// One of the experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Broadcast,
    Chat,
    Idle,
    Storm,
    Stalled,
}

/// Measures all of it, or only a part.
pub(crate) async fn run(only: Option<Part>) -> anyhow::Result<Report> {
    let tools = Tools::build().await?;
    let stage = Stage::start(tools).await?;
    let mut report = Report::new("realtime", "Realtime gateway");
    report.note(
        "*User* is the server's own code, the rest of its CPU time is the kernel's. On loopback the kernel does the reader's \
         part of TCP in the writer's time, so figures are fair between the two, and higher than with a network between. \
         *Others* is what neither the server nor the load generator used of the cores. *Wrong* counts events that were \
         lost, came twice or out of order.",
    );
    let measured = all(&stage, &mut report, only).await;
    if measured.is_err() {
        // It took minutes to find out.
        progress(&report);
    }
    measured?;
    Ok(report)
}

async fn all(stage: &Stage, report: &mut Report, only: Option<Part>) -> anyhow::Result<()> {
    let mut wrong = 0.0;
    let parts = Part::value_variants();
    for part in parts
        .iter()
        .filter(|part| only.is_none_or(|only| only == **part))
    {
        wrong += match part {
            Part::Broadcast => broadcast::measure(stage, report).await,
            Part::Chat => chat::measure(stage, report).await,
            Part::Idle => idle::measure(stage, report).await,
            Part::Storm => storm::measure(stage, report).await,
            Part::Stalled => stalled::measure(stage, report).await,
        }?;
    }
    report.goal(Goal {
        what: "lost, twice or out of order, all runs of the gateway".to_owned(),
        found: wrong,
        bound: Bound::AtMost(0.0),
        unit: "",
    });
    Ok(())
}
