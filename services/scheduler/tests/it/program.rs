//! The real program.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use avvivo_testkit::{Seen, free_port, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::world::{PATIENCE, Settings};

/// One that serves.
pub(crate) struct Program {
    child: Child,
    url: String,
}

impl Program {
    /// Starts it and waits until it is ready.
    pub(crate) async fn serve(mut settings: Settings) -> Self {
        let port = free_port().unwrap();
        settings.insert("PORT", port.to_string());
        let url = format!("http://127.0.0.1:{port}");
        let child = command(&settings, &[]).spawn().unwrap();
        wait_for(
            "the program to be ready",
            PATIENCE,
            async || match reqwest::get(format!("{url}/ready")).await {
                Ok(answer) if answer.status().is_success() => Seen::Done(()),
                other => Seen::NotYet(other.map(|answer| answer.status())),
            },
        )
        .await;
        Self { child, url }
    }

    /// Starts a job, and answers status and body.
    pub(crate) fn start(
        &self,
        token: &str,
        job: &str,
    ) -> impl Future<Output = (u16, String)> + use<> {
        let request = reqwest::Client::new()
            .post(format!("{}/jobs/{job}/run", self.url))
            .bearer_auth(token);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// The code that it ends with, within this time.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> Option<i32> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        ended.unwrap().unwrap().code()
    }
}

/// Runs it to its end; the code, standard output and standard error.
pub(crate) async fn run(settings: &Settings, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tokio::time::timeout(PATIENCE, command(settings, arguments).output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn command(settings: &Settings, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avvivo-scheduler"));
    command
        .args(arguments)
        .env_clear()
        .envs(settings)
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}
