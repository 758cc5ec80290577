//! `test`: the tests, with servers that exist only for them.

use std::{
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::Context;
use avvivo_local_servers::{DataFolder, Durability, Postgres, Program, Redis, require};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Command,
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::checkout::cargo;

/// Longer than the longest grace that `.config/nextest.toml` gives a test.
const END_LIMIT: Duration = Duration::from_secs(30);

/// Starts the servers, runs nextest, stops the servers, and ends as nextest ended.
pub(crate) fn run(nextest: Vec<String>) -> anyhow::Result<ExitCode> {
    require(&[
        Program::Postgres,
        Program::Redis,
        Program::Ffmpeg,
        Program::Ffprobe,
    ])?;
    if wants_platforms(&nextest) {
        build_programs()?;
    }
    let folder = DataFolder::throw_away()?;
    let postgres = Postgres::start(&folder, Durability::ThrowAway)?;
    let redis = Redis::start(&folder)?;
    let mut command = Command::from(cargo()?);
    command
        .args(["nextest", "run"])
        .args(if nextest.is_empty() {
            vec!["--workspace".to_owned()]
        } else {
            nextest
        })
        .env("TEST_DATABASE_URL", postgres.url("postgres"))
        .env("TEST_REDIS_URL", redis.url(0))
        // Queries were checked when they were written; building the tests needs no schema.
        .env("SQLX_OFFLINE", "true");
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let status = runtime.block_on(run_to_its_end(command));
    postgres.stop()?;
    redis.stop()?;
    status.map(exit_code)
}

/// Whether the end-to-end tests are among those that run.
fn wants_platforms(nextest: &[String]) -> bool {
    let asked =
        |argument: &String| ["--workspace", "avvivo-standalone"].contains(&argument.as_str());
    nextest.is_empty() || nextest.iter().any(asked)
}

/// Builds the services. The end-to-end tests start them all, and cargo builds for a test the programs of its own package
/// alone.
fn build_programs() -> anyhow::Result<()> {
    let built = cargo()?
        .args(["build", "--quiet", "--workspace", "--bins"])
        .env("SQLX_OFFLINE", "true")
        .status()
        .context("cannot run cargo build")?;
    anyhow::ensure!(built.success(), "the services could not be built");
    Ok(())
}

/// Waits for nextest whatever signals arrive. It gets the terminal's Ctrl-C itself, and stops its tests in order while
/// the servers are still there.
async fn run_to_its_end(mut command: Command) -> anyhow::Result<ExitStatus> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut nextest = command.spawn().context("cannot run cargo nextest")?;
    loop {
        tokio::select! {
            status = nextest.wait() => return status.context("cannot wait for cargo nextest"),
            // The terminal sent it to nextest as well.
            _ = interrupts.recv() => {}
            _ = terminations.recv() => break,
        }
    }
    // That was meant for us alone. Passed on, it lets nextest end the tests, and those what they have started.
    if let Some(pid) = nextest.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        kill_process(pid, Signal::TERM).context("cannot ask cargo nextest to end")?;
    }
    tokio::select! {
        status = nextest.wait() => return status.context("cannot wait for cargo nextest"),
        () = tokio::time::sleep(END_LIMIT) => {}
        // Whoever asks twice wants it now.
        _ = terminations.recv() => {}
    }
    nextest.start_kill()?;
    nextest
        .wait()
        .await
        .context("cannot wait for cargo nextest")
}

fn exit_code(status: ExitStatus) -> ExitCode {
    // A nextest that was killed has no code, and has certainly not passed.
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use std::{fs::File, process::Stdio};

    use rustix::process::getpid;

    use super::*;

    #[tokio::test]
    async fn asked_to_end_it_asks_the_tests_and_waits_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut tests = Command::new("sh");
        // Asks for our end as soon as it listens itself.
        let script = format!(
            "trap 'kill $!; echo ended; exit 7' TERM; sleep 1000 & kill -TERM {}; wait",
            getpid().as_raw_nonzero()
        );
        let log = folder.path().join("log");
        tests
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(File::create(&log).unwrap());
        let status = run_to_its_end(tests).await.unwrap();
        assert_eq!(status.code(), Some(7));
        assert_eq!(std::fs::read_to_string(log).unwrap(), "ended\n");
    }
}
