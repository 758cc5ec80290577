//! A platform that runs in the background: started, found again, stopped, forgotten.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{develop::say, place::Place};

/// What a running platform writes into its folder.
const PID_FILE: &str = "dev.pid";
const READY_FILE: &str = "dev.ready";
const LOG_FILE: &str = "dev.log";

/// A first start makes a database cluster and renders a reel.
const START_LIMIT: Duration = Duration::from_mins(5);
/// Draining takes eight seconds, stopping the servers a few more.
const STOP_LIMIT: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How much of the log is shown when a start fails.
const LOG_TAIL_LINES: usize = 30;

/// The process that runs the platform of a folder.
pub(crate) fn running(place: &Place) -> Option<Pid> {
    let pid = fs::read_to_string(place.file(PID_FILE)).ok()?;
    let pid = Pid::from_raw(pid.trim().parse().ok()?)?;
    // The number may be somebody else's by now.
    let program = fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero())).ok()?;
    let ours = program
        .file_name()?
        .to_str()?
        .starts_with("avvivo-standalone");
    ours.then_some(pid)
}

/// Says in the folder that this process runs its platform.
pub(crate) fn announce(place: &Place) -> anyhow::Result<()> {
    remove(&place.file(READY_FILE))?;
    Ok(fs::write(
        place.file(PID_FILE),
        std::process::id().to_string(),
    )?)
}

/// Says in the folder that the platform is ready; `summary` is what people are told.
pub(crate) fn announce_ready(place: &Place, summary: &str) -> anyhow::Result<()> {
    // Whoever waits for it must find it whole.
    let half = place.file("dev.ready.part");
    fs::write(&half, summary)?;
    Ok(fs::rename(half, place.file(READY_FILE))?)
}

/// Takes both back.
pub(crate) fn withdraw(place: &Place) -> anyhow::Result<()> {
    remove(&place.file(READY_FILE))?;
    remove(&place.file(PID_FILE))
}

/// Starts this very program in the background with `args`, and returns when the platform is ready.
pub(crate) async fn detach(place: &Place, args: &[String]) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt as _;
    remove(&place.file(READY_FILE))?;
    let log = fs::File::create(place.file(LOG_FILE))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(args)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Ok(summary) = fs::read_to_string(place.file(READY_FILE)) {
            say(summary)?;
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            anyhow::bail!(
                "it ended with {status} before it was ready:\n{}",
                log_tail(place)
            );
        }
        if Instant::now() > deadline {
            child.kill()?;
            anyhow::bail!(
                "it was not ready after {START_LIMIT:?}:\n{}",
                log_tail(place)
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn log_tail(place: &Place) -> String {
    let log = fs::read_to_string(place.file(LOG_FILE)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines
        .get(lines.len().saturating_sub(LOG_TAIL_LINES)..)
        .unwrap_or_default()
        .join("\n")
}

/// Stops the platform of a folder and returns when it is gone. One that does not run is stopped already.
pub(crate) async fn stop(place: &Place) -> anyhow::Result<()> {
    let Some(pid) = running(place) else {
        say(format_args!("nothing runs in {}", place.folder().display()))?;
        return Ok(());
    };
    kill_process(pid, Signal::TERM).context("cannot ask it to stop")?;
    let deadline = Instant::now() + STOP_LIMIT;
    while test_kill_process(pid).is_ok() && running(place).is_some() {
        if Instant::now() > deadline {
            // Its children go with it.
            kill_process(pid, Signal::KILL).context("cannot kill it")?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    withdraw(place)?;
    say(format_args!("stopped {}", place.folder().display()))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", path.display()))
        }
        _ => Ok(()),
    }
}
