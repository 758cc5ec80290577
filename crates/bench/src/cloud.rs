//! gcp-local, driven by Google's own crates: Pub/Sub beside Google's emulator, Cloud Tasks (which has no emulator of
//! Google's), and objects beside the disk they lie on.

mod emulator;
mod pubsub;
mod storage;
mod tasks;

use std::path::Path;

use crate::{
    platform::{folder_on_disk, start_google},
    progress,
    report::{Report, Table},
    sample::Millis,
};
use emulator::Emulator;

pub(crate) async fn run() -> anyhow::Result<Report> {
    let folder = folder_on_disk()?;
    let google = start_google(&folder.path().join("google")).await?;
    let mut report = Report::new("gcp-local", "gcp-local");
    compare_pubsub(&google.url(), folder.path(), &mut report).await?;

    progress("gcp-local: Cloud Tasks …");
    let tasks = tasks::measure(&google.url()).await?;
    let mut table = Table::new(&["Cloud Tasks", "p50", "p99", "tasks/s"]);
    table.row([
        "create, to its answer".to_owned(),
        Millis(tasks.create.median()).to_string(),
        Millis(tasks.create.percentile(99)).to_string(),
        format!("{:.0}", tasks.created_rate),
    ]);
    table.row([
        "create, to the request's arrival".to_owned(),
        Millis(tasks.start.median()).to_string(),
        Millis(tasks.start.percentile(99)).to_string(),
        format!("{:.0}", tasks.started_rate),
    ]);
    report.table(
        "Times of tasks created one after the other, rates of a burst over eight queues (one queue starts 500 a second at \
         most, as Google's do). Every task is with the operating system before it is confirmed: it survives a `kill -9`, \
         not a power cut:",
        &table,
    );

    progress("gcp-local: Cloud Storage …");
    let storage = storage::measure(&google.url(), folder.path()).await?;
    report.table(
        "Objects, beside writing (with `fsync`) and reading files of the same size in the same folder:",
        &storage.table(),
    );
    Ok(report)
}

/// The same questions to both, one after the other, each in its own time.
async fn compare_pubsub(google: &str, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "Pub/Sub",
        "paced p50",
        "paced p99",
        "burst, no keys /s",
        "burst, 200 keys /s",
    ]);
    let mut row = |name: &str, found: &pubsub::Found| {
        table.row([
            name.to_owned(),
            Millis(found.paced.median()).to_string(),
            Millis(found.paced.percentile(99)).to_string(),
            format!("{:.0}", found.burst),
            format!("{:.0}", found.keyed_burst),
        ]);
    };
    progress("gcp-local: Pub/Sub …");
    row("gcp-local", &pubsub::measure(google).await?);
    match Emulator::start(folder).await? {
        Some(emulator) => {
            progress("gcp-local: Google's emulator …");
            row("Google's emulator", &pubsub::measure(emulator.url()).await?);
        }
        None => report.note(
            "Google's Pub/Sub emulator is not installed here, so nothing stands beside Pub/Sub.",
        ),
    }
    report.table(&pubsub::caption(), &table);
    Ok(())
}
