//! Running one program: awaited, bounded in time and in what it may say, and ended with its whole process group.

use std::{
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use ffmpeg_sidecar::{event::FfmpegEvent, event::FfmpegProgress, log_parser::FfmpegLogParser};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio_util::sync::CancellationToken;

use crate::{
    error::MediaError,
    stderr::{BoundedLines, LogTail},
};

/// A program to run and how long and how much it may.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) command: Command,
    pub(crate) wall: Duration,
    /// Bytes of standard output that are kept; more than that ends the process.
    pub(crate) stdout_bytes: u64,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// Whether it wanted to say more than it may.
    pub(crate) stdout_overflowed: bool,
    /// Its last words on standard error.
    pub(crate) log: String,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
}

/// Runs the task to its end. Cancellation, the deadline and dropping the future all kill the process group; when this
/// returns, no process of it is left.
pub(crate) async fn run(
    task: Task,
    cancel: &CancellationToken,
    on_progress: impl FnMut(&FfmpegProgress) + Send + 'static,
) -> Result<Finished, MediaError> {
    let leash = Leash::default();
    let _killed_when_dropped = KillOnDrop(leash.clone());
    let Task {
        command,
        wall,
        stdout_bytes,
    } = task;
    let held = leash.clone();
    let mut work =
        tokio::task::spawn_blocking(move || supervise(command, stdout_bytes, &held, on_progress));
    let stopped = tokio::select! {
        // A result that is there counts, even if the deadline passed meanwhile.
        biased;
        done = &mut work => return done.unwrap_or_else(|panic| Err(MediaError::Tool { problem: panic.to_string() })),
        // Nobody waits for the result any more.
        () = cancel.cancelled() => MediaError::Cancelled,
        // A decoder in an endless loop, or a machine that cannot keep up.
        () = tokio::time::sleep(wall) => MediaError::TimedOut { limit: wall },
    };
    leash.pull();
    // Its verdict no longer matters, its end does: nothing writes to the output folder after this.
    match work.await {
        Ok(_) => Err(stopped),
        Err(panic) => Err(MediaError::Tool {
            problem: panic.to_string(),
        }),
    }
}

/// Starts the program and stays with it. This thread is the one whose death the kernel answers by killing the child,
/// so it must not end before the child does.
fn supervise(
    mut command: Command,
    stdout_bytes: u64,
    leash: &Leash,
    mut on_progress: impl FnMut(&FfmpegProgress),
) -> Result<Finished, MediaError> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let child = command.spawn().map_err(|error| MediaError::Tool {
        problem: format!("{}: {error}", command.get_program().display()),
    })?;
    let mut running = Running {
        pid: Pid::from_child(&child),
        child,
        leash,
    };
    leash.attach(running.pid);
    let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
    let (output, log) = thread::scope(|scope| {
        let _killed_when_panicking = KillWhenPanicking(leash);
        let reader = scope.spawn(|| stdout.map(|pipe| read_at_most(pipe, stdout_bytes, leash)));
        let mut tail = LogTail::default();
        if let Some(pipe) = stderr {
            let mut parser = FfmpegLogParser::new(std::io::BufReader::new(BoundedLines::new(pipe)));
            loop {
                match parser.parse_next_event() {
                    Ok(FfmpegEvent::LogEOF) => break,
                    Ok(FfmpegEvent::Progress(progress)) => on_progress(&progress),
                    Ok(event) => tail.push(&event),
                    // A line that only looks like one of ffmpeg's headings: it was consumed, so this ends.
                    Err(error) => tail.push_line(&error.to_string()),
                }
            }
        }
        (reader.join().ok().flatten(), tail)
    });
    let (status, cpu) = running.finish()?;
    let (stdout, stdout_overflowed) = output.unwrap_or_default();
    Ok(Finished {
        status,
        stdout,
        stdout_overflowed,
        log: log.into_text(),
        cpu,
    })
}

/// Reads until the pipe closes; past `limit` the process has nothing honest left to say and is killed.
fn read_at_most(mut pipe: impl Read, limit: u64, leash: &Leash) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let whole = pipe.by_ref().take(limit + 1).read_to_end(&mut kept).is_ok();
    let overflowed = !whole || u64::try_from(kept.len()).is_ok_and(|length| length > limit);
    if overflowed {
        leash.pull();
    }
    (kept, overflowed)
}

/// A started child that is killed and reaped however this thread leaves, a panicking callback included.
struct Running<'a> {
    child: Child,
    pid: Pid,
    leash: &'a Leash,
}

impl Running<'_> {
    /// Waits for the end without freeing the process id, reads what the process cost, then frees it.
    fn finish(mut self) -> Result<(ExitStatus, Duration), MediaError> {
        let ended_but_kept = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| {
            rustix::process::waitid(WaitId::Pid(self.pid), ended_but_kept)
        })
        .map_err(|error| MediaError::files("wait for ffmpeg")(error.into()))?;
        let cpu = cpu_time(self.pid);
        self.leash.release();
        let status = self
            .child
            .wait()
            .map_err(MediaError::files("reap ffmpeg"))?;
        Ok((status, cpu))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.leash.pull();
        // Already reaped in the ordinary case, when this only returns the known status.
        drop(self.child.wait());
        self.leash.release();
    }
}

/// User and system time of a process that is alive or not yet reaped; zero if it cannot be read.
fn cpu_time(pid: Pid) -> Duration {
    /// Ticks a second in `/proc`, part of the kernel's interface (`USER_HZ`).
    const TICKS: u64 = 100;
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    // The name in parentheses may hold spaces; after it, fields 14 and 15 of the line are the 12th and 13th.
    let fields = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Holds the process group while it may be killed, so that a freed process id is never signalled.
#[derive(Debug, Clone, Default)]
struct Leash(Arc<Mutex<Hold>>);

#[derive(Debug, Default)]
enum Hold {
    /// Not started yet.
    #[default]
    Open,
    /// Started: this group may be signalled.
    Attached(Pid),
    /// Pulled: whoever attaches now is killed at once.
    Pulled,
    /// Ended: there is nothing to signal.
    Released,
}

impl Leash {
    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attach(&self, pid: Pid) {
        let mut hold = self.hold();
        if matches!(*hold, Hold::Pulled) {
            kill(pid);
        } else {
            *hold = Hold::Attached(pid);
        }
    }

    /// Kills the group, now or as soon as it starts.
    fn pull(&self) {
        let mut hold = self.hold();
        match *hold {
            Hold::Open => *hold = Hold::Pulled,
            Hold::Attached(pid) => kill(pid),
            Hold::Pulled | Hold::Released => {}
        }
    }

    fn release(&self) {
        *self.hold() = Hold::Released;
    }
}

fn kill(group: Pid) {
    // The only failure is that nobody is left to kill.
    let _nobody_left = rustix::process::kill_process_group(group, Signal::KILL);
}

/// A panicking callback must not wait for the rest of a render: the scope it leaves joins a reader of the child.
struct KillWhenPanicking<'a>(&'a Leash);

impl Drop for KillWhenPanicking<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.pull();
        }
    }
}

struct KillOnDrop(Leash);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.pull();
    }
}

/// Which bound or fault ended a process that did not succeed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It reached the bound on CPU time.
    CpuLimit,
    /// It reached the bound on a file's size.
    OutputLimit,
    /// It could not get the memory it asked for.
    MemoryLimit,
    /// There was no room on the disk.
    DiskFull,
    /// It may not read its source or write its outputs.
    Denied,
    /// The content made it do what no program may: the same bytes will again.
    Crashed,
    /// Something outside ended it, or denied it a thread.
    Killed,
    /// It gave up by itself.
    Failed,
}

/// The signals by which the kernel, or the program itself, ends a program that went wrong.
const CRASHES: [Signal; 5] = [
    Signal::SEGV,
    Signal::ABORT,
    Signal::BUS,
    Signal::FPE,
    Signal::ILL,
];

impl Finished {
    /// Why the process did not succeed, judged by its status, its cost and its words.
    pub(crate) fn ending(&self, cpu_limit: Duration) -> Ending {
        let said = |words: &str| self.log.contains(words);
        let signal = self.status.signal();
        // ffmpeg catches the first signal about CPU time and exits by itself, so the status alone does not tell.
        if self.cpu >= cpu_limit || signal == Some(Signal::XCPU.as_raw()) {
            Ending::CpuLimit
        } else if signal == Some(Signal::XFSZ.as_raw()) || said("File too large") {
            Ending::OutputLimit
        } else if said("No space left on device") {
            Ending::DiskFull
        } else if said("Cannot allocate memory") || said("malloc of size") {
            Ending::MemoryLimit
        } else if said("Permission denied") {
            Ending::Denied
        } else if CRASHES.iter().any(|crash| signal == Some(crash.as_raw())) {
            Ending::Crashed
        } else if signal.is_some() || said("Resource temporarily unavailable") {
            Ending::Killed
        } else {
            Ending::Failed
        }
    }

    /// The error for a process that did not succeed; `failed` speaks for one that gave up by itself.
    pub(crate) fn into_error(
        self,
        cpu_limit: Duration,
        failed: impl FnOnce(String) -> MediaError,
    ) -> MediaError {
        let ending = self.ending(cpu_limit);
        let log = self.log;
        match ending {
            Ending::CpuLimit => MediaError::TooHeavy {
                resource: "CPU time",
                log,
            },
            Ending::OutputLimit => MediaError::TooHeavy {
                resource: "output size",
                log,
            },
            Ending::MemoryLimit => MediaError::TooHeavy {
                resource: "memory",
                log,
            },
            Ending::DiskFull => MediaError::DiskFull,
            Ending::Denied => MediaError::Tool {
                problem: format!("a file is out of ffmpeg's reach: {log}"),
            },
            Ending::Crashed => MediaError::Damaged { log },
            Ending::Killed => MediaError::Killed { log },
            Ending::Failed => failed(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use avvivo_kernel::Fault as _;

    use super::*;

    fn ended_by(signal: Signal) -> MediaError {
        let finished = Finished {
            status: ExitStatus::from_raw(signal.as_raw()),
            stdout: Vec::new(),
            stdout_overflowed: false,
            log: String::new(),
            cpu: Duration::ZERO,
        };
        finished.into_error(Duration::from_secs(1), |log| MediaError::Damaged { log })
    }

    #[test]
    fn a_file_that_crashes_the_decoder_is_damaged_and_a_kill_may_pass() {
        for signal in CRASHES {
            let fault = ended_by(signal);
            assert_eq!(fault.code(), "media.damaged", "{signal:?}");
            assert!(!fault.kind().is_transient());
        }
        for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
            assert!(ended_by(signal).kind().is_transient(), "{signal:?}");
        }
    }
}
