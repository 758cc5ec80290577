//! A program of ours as a process of its own, as a deployment runs it: found beside this one, asked over HTTP.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use avvivo_local_servers::{PrivateProcess, free_port};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    platform::Variables,
    tool::{Cores, find},
};

/// Far longer than any start.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Between two questions to one that is starting: the finest that timers are.
const ASK_EVERY: Duration = Duration::from_millis(1);

/// Our programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Api,
    Processor,
    Scheduler,
    Gateway,
    GcpLocal,
}

impl Kind {
    /// Those that the goals speak of.
    pub(crate) const SERVICES: [Self; 4] =
        [Self::Api, Self::Processor, Self::Scheduler, Self::Gateway];

    /// What it is called in tables and accounts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Processor => "reels-processor",
            Self::Scheduler => "scheduler",
            Self::Gateway => "realtime-gateway",
            Self::GcpLocal => "gcp-local",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Api => "avvivo-api",
            Self::Processor => "avvivo-reels-processor",
            Self::Scheduler => "avvivo-scheduler",
            Self::Gateway => "avvivo-realtime-gateway",
            Self::GcpLocal => "gcp-local",
        }
    }
}

/// One of them, running. Dropping it kills it.
pub(crate) struct Service {
    process: PrivateProcess,
    port: u16,
    began: Instant,
}

impl Service {
    /// Starts it on a free port and on these cores.
    pub(crate) fn start(
        folder: &Path,
        kind: Kind,
        mut variables: Variables,
        args: Vec<String>,
        cores: Cores,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        variables.insert("PORT".to_owned(), port.to_string());
        variables.insert("GCP_LOCAL_LISTEN".to_owned(), format!("127.0.0.1:{port}"));
        let pinned = ["-c".into(), cores.list().into(), beside_us(kind)?.into()];
        let args = pinned
            .into_iter()
            .chain(args.into_iter().map(Into::into))
            .collect();
        let taskset = find("taskset", "util-linux")?;
        let began = Instant::now();
        let process = PrivateProcess::start(folder, kind.name(), taskset, args, variables)?;
        Ok(Self {
            process,
            port,
            began,
        })
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Scheme and authority.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until `path` is answered with 200, and returns how long after the start that was.
    pub(crate) async fn first_answer(&mut self, path: &str) -> anyhow::Result<Duration> {
        let mut said = String::new();
        loop {
            match status_of(self.port, path).await {
                Ok(line) if line.contains(" 200 ") => return Ok(self.began.elapsed()),
                Ok(line) => said = line,
                Err(error) => drop(error),
            }
            if let Some(status) = self.process.exited()? {
                anyhow::bail!(
                    "{} ended with {status}: {}",
                    self.process.name(),
                    self.log_tail()
                );
            }
            anyhow::ensure!(
                self.began.elapsed() < START_LIMIT,
                "{} did not answer {path} with 200 but with {said:?}: {}",
                self.process.name(),
                self.log_tail()
            );
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Kills it: nothing that it holds is worth waiting for.
    pub(crate) fn kill(self) -> anyhow::Result<()> {
        Ok(self.process.kill()?)
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.process.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// The first line of the answer.
async fn status_of(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// All programs are built into one folder.
fn beside_us(kind: Kind) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(kind.program());
    anyhow::ensure!(
        path.exists(),
        "{} is not built: run scripts/bench, which builds it",
        path.display()
    );
    path.canonicalize().context("cannot find the program")
}
