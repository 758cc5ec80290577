//! A platform that runs in the background: started, found again, stopped.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};

use crate::{develop::say, place::Place};

/// What a platform that is ready writes into its folder: its process id, and what people are told.
const READY_FILE: &str = "dev.ready";
const LOG_FILE: &str = "dev.log";

/// A first start makes a database cluster and renders a reel.
const START_LIMIT: Duration = Duration::from_mins(5);
/// Draining takes eight seconds, stopping the servers a few more.
const STOP_LIMIT: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How much of the log is shown when a start fails.
const LOG_TAIL_LINES: usize = 30;

/// Says in the folder, which this process holds, that the platform is ready; `summary` is what people are told.
pub(crate) fn announce_ready(place: &Place, summary: &str) -> anyhow::Result<()> {
    place.write_whole(READY_FILE, &format!("{}\n{summary}", std::process::id()))
}

/// Takes it back. Only for the process that holds the folder.
pub(crate) fn withdraw(place: &Place) -> anyhow::Result<()> {
    place.remove_file(READY_FILE)
}

/// What the platform that `pid` runs says, once it is ready. Another's words are from a life before.
fn summary_of(place: &Place, pid: Pid) -> Option<String> {
    let text = fs::read_to_string(place.file(READY_FILE)).ok()?;
    let (by, summary) = text.split_once('\n')?;
    (by == pid.as_raw_nonzero().to_string()).then(|| summary.to_owned())
}

/// Starts this very program in the background with `args`, and returns when the platform is ready. One that runs or starts
/// already is as good.
pub(crate) async fn detach(place: &Place, args: &[String]) -> anyhow::Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut started = None;
    if place.holder()?.is_none() {
        started = Some(spawn(place, args)?);
    }
    let ended = tokio::select! {
        ended = until_ready(place, &mut started) => ended,
        _ = interrupted.recv() => Err(anyhow::anyhow!("interrupted")),
        _ = terminated.recv() => Err(anyhow::anyhow!("terminated")),
    };
    match (ended, started) {
        (Err(error), Some(child)) => {
            end(child).await?;
            Err(error)
        }
        (ended, _) => ended,
    }
}

fn spawn(place: &Place, args: &[String]) -> anyhow::Result<Child> {
    let log = File::create(place.file(LOG_FILE))?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command
        .args(args)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(Command::from(command).spawn()?)
}

/// Waits until whoever runs the platform says that it is ready, and tells the person at the terminal.
async fn until_ready(place: &Place, started: &mut Option<Child>) -> anyhow::Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let exited = match started {
            Some(child) => child.try_wait()?,
            None => None,
        };
        let holder = place.holder()?;
        if let Some(summary) = holder.and_then(|pid| summary_of(place, pid)) {
            return say(summary);
        }
        match (exited, holder) {
            // Somebody else was quicker: what that one starts is what we wait for.
            (Some(_), Some(_)) => *started = None,
            (Some(status), None) => anyhow::bail!(
                "it ended with {status} before it was ready:\n{}",
                log_tail(place)
            ),
            (None, None) if started.is_none() => {
                anyhow::bail!("it ended before it was ready; its log says why")
            }
            (None, _) => {}
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "it was not ready after {START_LIMIT:?}:\n{}",
            log_tail(place)
        );
        sleep(LOOK_EVERY).await;
    }
}

/// Ends a start that nobody waits for any more. Its children go with it.
async fn end(mut child: Child) -> anyhow::Result<()> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // It has not been collected, so the number is still its own.
        kill_process(pid, Signal::TERM).context("cannot ask it to stop")?;
    }
    if timeout(STOP_LIMIT, child.wait()).await.is_err() {
        child.kill().await.context("cannot kill it")?;
    }
    Ok(())
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
    let Some(pid) = place.holder()? else {
        return say(format_args!("nothing runs in {}", place.folder().display()));
    };
    let process =
        pidfd_open(pid, PidfdFlags::empty()).context("cannot reach the process that runs it")?;
    let deadline = Instant::now() + STOP_LIMIT;
    let mut asked = false;
    // As long as it holds the folder, the number and the handle mean the same process.
    while place.holder()? == Some(pid) {
        if Instant::now() > deadline {
            // Its children go with it.
            pidfd_send_signal(&process, Signal::KILL).context("cannot kill it")?;
        } else if !asked {
            pidfd_send_signal(&process, Signal::TERM).context("cannot ask it to stop")?;
            asked = true;
        }
        sleep(LOOK_EVERY).await;
    }
    say(format_args!("stopped {}", place.folder().display()))
}
