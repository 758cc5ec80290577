//! Other people's programs that measure or are measured: found on the PATH, run to their end, killed when we end.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::Command;

use crate::usage;

/// Longer than any of them runs when all is well.
const LIMIT: Duration = Duration::from_secs(90);

/// Which cores a process may use, as `taskset -c` takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The one that what is measured has for itself.
    Measured,
    /// The one that measures.
    Measuring,
    /// Both of these.
    Both,
}

impl Cores {
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Measured => "0",
            Self::Measuring => "1",
            Self::Both => "0,1",
        }
    }
}

/// A program on the PATH. `package` is what brings it.
pub(crate) fn find(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{name} is not installed: sudo apt-get install {package}"))
}

/// Runs a program on these cores and returns what it printed.
pub(crate) async fn run<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    cores: Cores,
    variables: &[(&str, String)],
) -> anyhow::Result<String> {
    let mut command = Command::new(find("taskset", "util-linux")?);
    command.args(["-c", cores.list()]).arg(program).args(args);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(LIMIT, command.output()).await;
    let output = ended
        .with_context(|| format!("{} did not end in {LIMIT:?}", program.display()))?
        .with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{} ended with {}: {text}{errors}",
        program.display(),
        output.status
    );
    Ok(text.into_owned())
}

/// Moves a process that runs already, its children and all that they will start to these cores.
pub(crate) async fn pin(process: u32, cores: Cores) -> anyhow::Result<()> {
    let taskset = find("taskset", "util-linux")?;
    for process in std::iter::once(process).chain(usage::children(process)?) {
        let args = ["-acp", cores.list(), &process.to_string()];
        run(&taskset, args, Cores::Both, &[]).await?;
    }
    Ok(())
}
