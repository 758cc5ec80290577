//! The command, started as a person starts it and watched from outside. It ends with the test, however that ends.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use avvivo_local_servers::PrivateProcess;
use avvivo_testkit::{Seen, wait_for};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{PATIENCE, programs::STANDALONE};

/// What people see first when everything runs.
pub(crate) const READY_FILE: &str = "dev.ready";
/// A first start makes a database cluster and renders a reel.
const START_LIMIT: Duration = Duration::from_mins(4);

/// A command that runs in the foreground.
pub(crate) struct Running {
    process: PrivateProcess,
}

impl Running {
    /// Starts it. What it says goes to `<name>.log` in `logs`.
    pub(crate) fn start(
        logs: &Path,
        name: &'static str,
        arguments: &[&str],
        environment: BTreeMap<String, String>,
    ) -> Self {
        let arguments = arguments.iter().map(Into::into).collect();
        let program = PathBuf::from(STANDALONE);
        Self {
            process: PrivateProcess::start(logs, name, program, arguments, environment).unwrap(),
        }
    }

    /// `dev` with its data in `data`.
    pub(crate) fn dev(logs: &Path, data: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["dev", "--data", data.to_str().unwrap()];
        arguments.extend(more);
        // People at a desk have these, and PostgreSQL's programs are found without.
        let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
        Self::start(
            logs,
            "dev",
            &arguments,
            BTreeMap::from([("PATH".to_owned(), path)]),
        )
    }

    /// Waits until it says that all is ready.
    pub(crate) async fn ready(&mut self, data: &Path) {
        wait_for("the platform to be ready", START_LIMIT, async || {
            if let Some(status) = self.process.exited().unwrap() {
                panic!("it ended with {status}:\n{}", self.log());
            }
            if data.join(READY_FILE).exists() {
                Seen::Done(())
            } else {
                Seen::NotYet(self.log())
            }
        })
        .await;
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.process.log()).unwrap_or_default()
    }

    /// Sends a signal to its process group, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.process.id()).unwrap();
        kill_process_group(Pid::from_raw(group).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        wait_for("the command to end", PATIENCE, async || {
            match self.process.exited().unwrap() {
                Some(status) => Seen::Done(status),
                None => Seen::NotYet(self.log()),
            }
        })
        .await
    }
}

/// Runs the command to its end; its output is what people read.
pub(crate) async fn run(arguments: &[&str]) -> Said {
    run_with(arguments, &[]).await
}

/// The same with variables set.
pub(crate) async fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(STANDALONE);
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = tokio::time::timeout(START_LIMIT, output).await.unwrap();
    Said(output.unwrap().unwrap())
}

/// Ends what runs over `data` and deletes it. For the end of a test: what fails here has failed before.
pub(crate) fn reset(data: &Path) {
    let mut reset = Command::new(STANDALONE);
    reset.args(["dev", "--reset", "--data"]).arg(data);
    drop(reset.output());
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said(Output);

impl Said {
    /// What it printed; the test fails unless it ended well.
    pub(crate) fn well(&self) -> String {
        assert!(
            self.0.status.success(),
            "{}\n{}",
            self.0.status,
            self.text()
        );
        self.text()
    }

    /// What it printed; the test fails unless it ended badly.
    pub(crate) fn badly(&self) -> String {
        assert_eq!(self.0.status.code(), Some(1), "{}", self.text());
        self.text()
    }

    fn text(&self) -> String {
        let (out, error) = (&self.0.stdout, &self.0.stderr);
        String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(error)
    }
}

/// The variables of a file that shells source.
pub(crate) fn variables(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()));
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
