//! Idle memory: what a service holds half a minute after its start, when everything that starts has started.

use std::time::Duration;

use avvivo_local_servers::Durability;

use crate::{
    platform::Platform,
    progress,
    report::{Bound, Goal, Report, Table},
    service::Kind,
    tool::Cores,
    usage,
};

/// Background loops have had their first rounds by then, and allocators have given back what those took.
const IDLE: Duration = Duration::from_secs(30);
const GOAL_MIB: f64 = 30.0;

pub(crate) async fn run() -> anyhow::Result<Report> {
    let platform = Platform::start(Durability::ThrowAway).await?;
    let mut running = Vec::new();
    for kind in Kind::SERVICES {
        let mut service = platform.service(kind, &[], Cores::Both)?;
        service.first_answer("/ready").await?;
        running.push((kind, service));
    }
    progress(format_args!("memory: idle for {IDLE:?} …"));
    tokio::time::sleep(IDLE).await;

    let mut report = Report::new("memory", "Idle memory");
    let mut table = Table::new(&["Process", "RSS MiB", "PSS MiB", "own pages MiB"]);
    for (kind, service) in &running {
        let memory = usage::memory(service.id())?;
        let [resident, proportional, anonymous] =
            [memory.resident, memory.proportional, memory.anonymous].map(usage::mebibytes);
        table.row([
            kind.name().to_owned(),
            format!("{resident:.1}"),
            format!("{proportional:.1}"),
            format!("{anonymous:.1}"),
        ]);
        report.goal(Goal {
            what: format!("idle RSS of {}", kind.name()),
            found: resident,
            bound: Bound::AtMost(GOAL_MIB),
            unit: " MiB",
        });
    }
    report.table(
        "After 30 s without requests. RSS counts the pages of the program's file that happen to be in memory, which the \
         kernel can drop at any time; own pages are what it cannot:",
        &table,
    );
    Ok(report)
}
