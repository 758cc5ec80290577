//! The real program, and what it leaves running.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use avvivo_testkit::{Seen, free_port, wait_for};
use http::header;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::house::PATIENCE;

/// A program that serves.
pub(crate) struct Program {
    child: Child,
    url: String,
}

impl Program {
    /// Starts it and waits until it is ready.
    pub(crate) async fn serve(mut env: HashMap<&'static str, String>) -> Self {
        let port = free_port().unwrap();
        env.insert("PORT", port.to_string());
        let url = format!("http://127.0.0.1:{port}");
        let child = command(&env).spawn().unwrap();
        wait_for(
            "the program to be ready",
            Duration::from_secs(20),
            async || match reqwest::get(format!("{url}/ready")).await {
                Ok(answer) if answer.status().is_success() => Seen::Done(()),
                other => Seen::NotYet(other.map(|answer| answer.status())),
            },
        )
        .await;
        Self { child, url }
    }

    /// Posts a task and answers what it was answered; none when the connection broke.
    pub(crate) fn post(
        &self,
        token: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = Option<reqwest::Response>> + use<> {
        let request = reqwest::Client::new()
            .post(format!("{}/jobs/reels/render", self.url))
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .bearer_auth(token)
            .body(body);
        async move { request.send().await.ok() }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    pub(crate) async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .unwrap()
            .unwrap()
    }
}

/// Runs it to its end, and answers how it ended and what it said on standard error.
pub(crate) async fn run(
    env: &HashMap<&'static str, String>,
    arguments: &[&str],
) -> (ExitStatus, String) {
    let mut command = command(env);
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap()
        .unwrap();
    (
        output.status,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn command(env: &HashMap<&'static str, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avvivo-reels-processor"));
    command
        .env_clear()
        .envs(env)
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}

/// Command lines of running programs that name something in `folder`.
pub(crate) fn processes_naming(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(folder)).collect()
}
