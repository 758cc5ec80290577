//! Children that cannot outlive us.
//!
//! The kernel can signal a child when its parent dies, whatever the parent dies of. Two things make that watertight:
//!
//! - "Parent" means the *thread* that spawned the child. One thread, the keeper, spawns all of ours and ends only with
//!   the process.
//! - The child asks for the signal itself, through `setpriv`, and the parent could die just before. So the child then
//!   waits for one line on its standard input before it becomes the server. A dead parent's pipe gives end-of-file
//!   instead, and the child goes away.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Write},
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

pub(crate) use rustix::process::Signal;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, PidfdFlags, kill_process, kill_process_group, pidfd_open},
};

use crate::{error::ServerError, programs::Program, run_as::RunAs};

/// Waits for the parent's word, then becomes the program, keeping its process id.
const GATE: &str = r#"read -r _ && exec "$0" "$@" </dev/null"#;

/// What to run.
pub(crate) struct Launch {
    /// What people call it.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// What it finds in its environment besides PATH.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) run_as: RunAs,
    /// Both of its output streams go here.
    pub(crate) log: File,
    /// Makes the program stop in order but without waiting for its clients; sent when we stop it and when we die.
    pub(crate) stop_signal: StopSignal,
}

/// How a server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// PostgreSQL's fast shutdown.
    Interrupt,
    /// Everybody else's.
    Terminate,
}

impl StopSignal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }

    fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::INT,
            Self::Terminate => Signal::TERM,
        }
    }
}

/// A running child that dies with us.
#[derive(Debug)]
pub(crate) struct Guarded {
    name: &'static str,
    stop_signal: StopSignal,
    child: Child,
    /// Becomes readable when the child ends.
    exit: OwnedFd,
    /// How it ended, once it has been collected.
    ended: Option<ExitStatus>,
}

impl Guarded {
    /// Starts the program in a process group of its own, so that Ctrl-C reaches us first and we stop it in order.
    pub(crate) fn spawn(launch: Launch) -> Result<Self, ServerError> {
        let Launch {
            name,
            program,
            args,
            environment,
            run_as,
            log,
            stop_signal,
        } = launch;
        let cannot_start = || ServerError::child("start", name);
        let mut command = Command::new(Program::Setpriv.locate()?);
        command
            .args(run_as.setpriv_args())
            .arg(format!("--pdeathsig={}", stop_signal.name()))
            .args(["--no-new-privs", "--", "/bin/sh", "-c", GATE])
            .arg(program)
            .args(args)
            // The caller's environment may aim PostgreSQL's programs elsewhere (PGDATA, PGPORT and their kin).
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(environment)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().map_err(cannot_start())?)
            .stderr(log);
        let mut child = spawn_from_keeper(command).map_err(cannot_start())?;
        let exit = pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
        let exit = match exit {
            Ok(exit) => exit,
            Err(error) => {
                // Without the go line the child ends by itself; it only has to be collected.
                drop(child.stdin.take());
                child.wait().map_err(cannot_start())?;
                return Err(cannot_start()(error.into()));
            }
        };
        if let Some(mut gate) = child.stdin.take() {
            // A child that is gone already shows when it is waited for, with its log to explain it.
            drop(gate.write_all(b"go\n"));
        }
        Ok(Self {
            name,
            stop_signal,
            child,
            exit,
            ended: None,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits at most `limit` for the child's end; `None` when it still runs. Whatever it started ends with it.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>, ServerError> {
        let wait = |guarded: &mut Self| -> io::Result<Option<ExitStatus>> {
            if let Some(status) = guarded.ended {
                return Ok(Some(status));
            }
            if !wait_readable(&guarded.exit, limit)? {
                return Ok(None);
            }
            // Until it is collected its number, which is the group's, belongs to nobody else.
            guarded.kill_group()?;
            guarded.ended = guarded.child.try_wait()?;
            Ok(guarded.ended)
        };
        wait(self).map_err(ServerError::child("wait for", self.name))
    }

    /// Asks the child to stop, unless it has ended already.
    pub(crate) fn ask_to_stop(&mut self) -> Result<(), ServerError> {
        match self.wait(Duration::ZERO)? {
            Some(_) => Ok(()),
            None => self.signal(self.stop_signal.signal()),
        }
    }

    /// Asks the child to stop; kills it when it has not stopped within `limit`.
    pub(crate) fn stop(&mut self, limit: Duration) -> Result<ExitStatus, ServerError> {
        if let Some(status) = self.wait(Duration::ZERO)? {
            return Ok(status);
        }
        self.signal(self.stop_signal.signal())?;
        match self.wait(limit)? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// Kills the child and whatever it started at once, and waits for its end.
    pub(crate) fn kill(&mut self) -> Result<ExitStatus, ServerError> {
        if let Some(status) = self.wait(Duration::ZERO)? {
            return Ok(status);
        }
        let status = self
            .kill_group()
            .and_then(|()| self.child.wait())
            .map_err(ServerError::child("kill", self.name))?;
        self.ended = Some(status);
        Ok(status)
    }

    /// The workers of a master that is killed would go on, and keep its port.
    fn kill_group(&self) -> io::Result<()> {
        match kill_process_group(Pid::from_child(&self.child), Signal::KILL) {
            // Before it has been collected, the leader at least is there; what remains may belong to another user.
            Ok(()) | Err(Errno::SRCH | Errno::PERM) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        kill_process(Pid::from_child(&self.child), signal)
            .map_err(|error| ServerError::child("signal", self.name)(error.into()))
    }
}

impl Drop for Guarded {
    /// The backstop: owners stop their servers in order before this.
    fn drop(&mut self) {
        drop(self.kill());
    }
}

/// Whether `fd` became readable within `limit`.
fn wait_readable(fd: &OwnedFd, limit: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

struct Request {
    command: Command,
    answer: SyncSender<io::Result<Child>>,
}

/// Has the keeper spawn the command.
fn spawn_from_keeper(command: Command) -> io::Result<Child> {
    let gone = || io::Error::other("the thread that keeps children is gone");
    let (answer, spawned) = sync_channel(1);
    keeper()?
        .send(Request { command, answer })
        .map_err(|_| gone())?;
    spawned.recv().map_err(|_| gone())?
}

/// The keeper's desk; the first call hires it. It has no owner but the process, which is its purpose.
fn keeper() -> io::Result<SyncSender<Request>> {
    static KEEPER: Mutex<Option<SyncSender<Request>>> = Mutex::new(None);
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(desk) = &*keeper {
        return Ok(desk.clone());
    }
    // Callers wait for their answer, so there is nothing to queue.
    let (desk, requests) = sync_channel::<Request>(0);
    thread::Builder::new()
        .name("child-keeper".to_owned())
        .spawn(move || {
            for Request {
                mut command,
                answer,
            } in requests
            {
                drop(answer.send(command.spawn()));
            }
        })?;
    *keeper = Some(desk.clone());
    Ok(desk)
}
