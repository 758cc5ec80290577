//! pgbench: the statements that the api runs, without an api.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use super::wrk::Load;
use crate::{
    checkout,
    platform::Platform,
    sample::Sample,
    tool::{self, Cores},
    usage,
};

/// A statement of a signed-in request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    /// Who asks.
    Account,
    /// What is live.
    Feed,
    /// The shops of what was found.
    Shops,
}

impl Statement {
    const EACH: [Self; 3] = [Self::Account, Self::Feed, Self::Shops];

    /// Words that only this query has.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "FROM accounts AS a",
                "SELECT id FROM accounts WHERE firebase_uid = $1",
            ],
            Self::Feed => &["FROM reels AS r", "r.status = 'ACTIVE'"],
            Self::Shops => &["FROM shops", "logo_url", "WHERE id = ANY($1)"],
        }
    }

    /// The variables in the place of its parameters.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["uid", "email"],
            Self::Feed => &["now", "limit"],
            Self::Shops => &["shops"],
        }
    }
}

/// Statements in a file, and what is bound to them.
#[derive(Debug, Clone)]
pub(super) struct Script {
    folder: PathBuf,
    file: PathBuf,
    statements: Vec<Statement>,
    variables: Vec<String>,
}

impl Script {
    /// All statements of a request of `client` whose answer names `shops`, an array in PostgreSQL's words.
    pub(super) fn of(folder: &Path, client: &str, shops: &str) -> anyhow::Result<Self> {
        let variables = [
            ("uid", client),
            ("email", client),
            // PostgreSQL reads this word as the present time.
            ("now", "now"),
            ("limit", "80"),
            ("shops", shops),
        ];
        let script = Self {
            folder: folder.to_owned(),
            file: PathBuf::new(),
            statements: Statement::EACH.into(),
            variables: variables
                .map(|(name, value)| format!("{name}={value}"))
                .into(),
        };
        script.written()
    }

    /// The same without one of them.
    pub(super) fn without(&self, statement: Statement) -> anyhow::Result<Self> {
        let mut script = self.clone();
        script.statements.retain(|kept| *kept != statement);
        script.written()
    }

    fn written(mut self) -> anyhow::Result<Self> {
        let mut text = String::new();
        for statement in &self.statements {
            let mut query = checkout::query_with(statement.words())?;
            for (number, name) in (1..).zip(statement.variables()) {
                query = query.replace(&format!("${number}"), &format!(":{name}"));
            }
            text.push_str(query.trim());
            text.push_str(";\n");
        }
        self.file = self
            .folder
            .join(format!("pgbench-{}.sql", self.statements.len()));
        fs::write(&self.file, text)?;
        Ok(self)
    }
}

/// Runs the script over and over on each connection, statements prepared once, as the api prepares them.
pub(super) async fn run(
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
