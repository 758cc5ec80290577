//! pgbench: the statements that the api runs, without an api.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    platform::Platform,
    sample::Sample,
    tool::{self, Cores},
    usage,
    wrk::Load,
};

/// Statements in a file, and what is bound to them.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    folder: PathBuf,
    file: PathBuf,
    variables: Vec<String>,
}

impl Script {
    /// Writes the statements into a file of that name. Variables are `name=value`.
    pub(crate) fn write(
        folder: &Path,
        name: &str,
        text: &str,
        variables: &[String],
    ) -> anyhow::Result<Self> {
        let file = folder.join(format!("pgbench-{name}.sql"));
        fs::write(&file, text)?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            variables: variables.to_vec(),
        })
    }
}

/// Runs the script over and over on each connection, statements prepared once, as the api prepares them.
pub(crate) async fn run(
    platform: &Platform,
    script: &Script,
    connections: u16,
    seconds: u16,
    cores: Cores,
) -> anyhow::Result<Load> {
    let log = script.folder.join("pgbench-log");
    let mut args: Vec<String> = ["-n", "-M", "prepared", "-j", "1", "-l"]
        .map(str::to_owned)
        .into();
    args.extend(["-c".to_owned(), connections.to_string()]);
    args.extend(["-T".to_owned(), seconds.to_string()]);
    args.push(format!("--log-prefix={}", log.display()));
    args.extend(["-f".to_owned(), script.file.display().to_string()]);
    for variable in &script.variables {
        args.extend(["-D".to_owned(), variable.clone()]);
    }
    let before = usage::ended_children()?;
    let program = platform.postgres_tool("pgbench")?;
    let text = tool::run(&program, args, cores, platform.database()).await?;
    let cpu = usage::ended_children()?.saturating_sub(before);
    let times = take_log(&script.folder)?;
    read(&text, times, cpu).with_context(|| format!("pgbench said: {text}"))
}

fn read(text: &str, times: Vec<Duration>, cpu: Duration) -> anyhow::Result<Load> {
    let after = |word: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(word));
        let word = line.and_then(|rest| rest.split_whitespace().next());
        word.context("a line is missing")
    };
    let times = Sample::new(times).context("it logged nothing")?;
    Ok(Load {
        rate: after("tps = ")?.parse()?,
        requests: after("number of transactions actually processed: ")?.parse()?,
        p50: times.median(),
        p99: times.percentile(99),
        cpu,
    })
}

/// Reads and deletes the logs: the third word of a line is a transaction's time in microseconds.
fn take_log(folder: &Path) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("pgbench-log.")
        {
            for line in fs::read_to_string(entry.path())?.lines() {
                let micros = line.split(' ').nth(2).context("a line without a time")?;
                times.push(Duration::from_micros(micros.parse()?));
            }
            fs::remove_file(entry.path())?;
        }
    }
    Ok(times)
}
