//! Cold start: from `exec` to the first 200, with a database that can be reached. `/health` says that the process
//! answers, `/ready` that it can serve, which is what the goal is about.
//!
//! Beside it stands the start of a program that does nothing, the same way: what the kernel, the dynamic linker and the
//! guard around our children take is not ours to make faster.

use std::{
    ffi::OsString,
    path::Path,
    time::{Duration, Instant},
};

use avvivo_local_servers::{Durability, PrivateProcess};

use crate::{
    platform::{Platform, Variables},
    progress,
    report::{Bound, Goal, Report, Table},
    sample::{Millis, Sample},
    service::Kind,
    tool::{Cores, find},
};

const RUNS: usize = 20;
/// To `/ready`, for a platform sends no request before. A person does not feel a tenth of a second, and a platform that scales from zero adds its own.
const GOAL_MS: f64 = 150.0;

pub(crate) async fn run() -> anyhow::Result<Report> {
    let platform = Platform::start(Durability::ThrowAway).await?;
    // Makes what a deployment has made long before: bucket, topic, queue.
    let mut neighbour = platform.service(Kind::Api, &[], Cores::Both)?;
    neighbour.first_answer("/ready").await?;

    let mut report = Report::new("start", "Cold start");
    let mut table = Table::new(&[
        "Process",
        "/health median",
        "/health max",
        "/ready median",
        "/ready max",
    ]);
    for kind in Kind::SERVICES {
        progress(format_args!("start: {} …", kind.name()));
        let (health, ready) = starts_of(&platform, kind).await?;
        table.row([
            kind.name().to_owned(),
            Millis(health.median()).to_string(),
            Millis(health.max()).to_string(),
            Millis(ready.median()).to_string(),
            Millis(ready.max()).to_string(),
        ]);
        report.goal(Goal {
            what: format!("cold start of {}, to `/ready`, median", kind.name()),
            found: ready.median().as_secs_f64() * 1e3,
            bound: Bound::AtMost(GOAL_MS),
            unit: " ms",
        });
    }
    let nothing = starts_of_nothing(platform.folder()).await?;
    table.row([
        "`true`, to its end".to_owned(),
        Millis(nothing.median()).to_string(),
        Millis(nothing.max()).to_string(),
        String::new(),
        String::new(),
    ]);
    report.table(
        &format!("{RUNS} starts each, to the first 200 of `/health` and of `/ready`:"),
        &table,
    );
    Ok(report)
}

async fn starts_of(platform: &Platform, kind: Kind) -> anyhow::Result<(Sample, Sample)> {
    let (mut health, mut ready) = (Vec::new(), Vec::new());
    // The first one reads the program from the disk, and is not counted.
    for run in 0..=RUNS {
        let mut service = platform.service(kind, &[], Cores::Both)?;
        let times = (
            service.first_answer("/health").await?,
            service.first_answer("/ready").await?,
        );
        service.kill()?;
        if run > 0 {
            health.push(times.0);
            ready.push(times.1);
        }
    }
    let samples = Sample::new(health).zip(Sample::new(ready));
    samples.ok_or_else(|| anyhow::anyhow!("no starts"))
}

async fn starts_of_nothing(folder: &Path) -> anyhow::Result<Sample> {
    let (taskset, nothing) = (find("taskset", "util-linux")?, find("true", "coreutils")?);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let args: Vec<OsString> = vec![
            "-c".into(),
            Cores::Both.list().into(),
            nothing.clone().into(),
        ];
        let began = Instant::now();
        let mut process =
            PrivateProcess::start(folder, "nothing", taskset.clone(), args, Variables::new())?;
        while process.exited()?.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(began.elapsed());
    }
    Sample::new(times).ok_or_else(|| anyhow::anyhow!("no starts"))
}
