//! Processes of this machine, as `/proc` shows them.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use avvivo_testkit::{Seen, wait_for};
use rustix::process::{Pid, Signal, kill_process};

/// Ended processes are gone at once; the rest is for servers that stop in order.
const GONE_LIMIT: Duration = Duration::from_secs(20);

/// A process.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    command: String,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.command)
    }
}

/// Those that have to do with `folder`: they name it in their command line or environment, have a file in it open, or
/// work in it.
pub(crate) fn around(folder: &Path) -> Vec<Process> {
    let name = folder.to_str().unwrap();
    let all = all().into_iter();
    all.filter(|process| {
        process.command.contains(name)
            || process.environment().iter().any(|set| set.contains(name))
            || process.files().iter().any(|file| file.starts_with(folder))
    })
    .collect()
}

/// Waits until nothing has to do with `folder` any more.
pub(crate) async fn none_around(folder: &Path) {
    wait_for("all processes to be gone", GONE_LIMIT, async || {
        let left = around(folder);
        if left.is_empty() {
            Seen::Done(())
        } else {
            Seen::NotYet(left)
        }
    })
    .await;
}

/// The process that was started with `name=value`.
pub(crate) fn with_variable(name: &str, value: &str) -> Option<Process> {
    let set = format!("{name}={value}");
    all()
        .into_iter()
        .find(|process| process.environment().contains(&set))
}

/// The process of that id.
pub(crate) fn with_id(pid: u32) -> Option<Process> {
    let pid = i32::try_from(pid).unwrap();
    all().into_iter().find(|process| process.pid == pid)
}

fn all() -> Vec<Process> {
    let own = i32::try_from(std::process::id()).unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != own)
        .filter_map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let command = String::from_utf8_lossy(&line).replace('\0', " ");
            // Without a command line it is the kernel's, or dead and not yet collected.
            (!command.is_empty()).then_some(Process { pid, command })
        })
        .collect()
}

impl Process {
    /// Kills it, without a chance to say goodbye.
    pub(crate) fn kill(&self) {
        kill_process(Pid::from_raw(self.pid).unwrap(), Signal::KILL).unwrap();
    }

    /// Whether it runs that program.
    pub(crate) fn is_running(&self, program: &str) -> bool {
        let path = fs::read_link(format!("/proc/{}/exe", self.pid)).unwrap_or_default();
        path.file_name().is_some_and(|name| name == program)
    }

    /// The folder of the PostgreSQL and the Redis that it started.
    pub(crate) fn folder_of_servers(&self) -> PathBuf {
        let parent = format!("PPid:\t{}", self.pid);
        let postgres = all().into_iter().find(|process| {
            let status = fs::read_to_string(format!("/proc/{}/status", process.pid));
            process.is_running("postgres")
                && status.is_ok_and(|status| status.lines().any(|line| line == parent))
        });
        let cluster = format!("/proc/{}/cwd", postgres.unwrap().pid);
        let cluster = fs::read_link(cluster).unwrap();
        cluster.parent().unwrap().to_owned()
    }

    /// The folder in which a processor works on reels, known by the lock that it holds there.
    pub(crate) fn scratch(&self) -> PathBuf {
        let files = self.files();
        let lock = files.iter().find(|file| file.ends_with("alive.lock"));
        lock.unwrap_or_else(|| panic!("{self:?} renders nowhere; it has {files:?}"))
            .parent()
            .unwrap()
            .to_owned()
    }

    fn environment(&self) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{}/environ", self.pid)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split('\0').map(str::to_owned).collect()
    }

    /// Its open files, and the folder it works in.
    fn files(&self) -> Vec<PathBuf> {
        let folder = PathBuf::from(format!("/proc/{}", self.pid));
        let open = fs::read_dir(folder.join("fd")).into_iter().flatten();
        open.flatten()
            .map(|entry| entry.path())
            .chain([folder.join("cwd")])
            .filter_map(|link| fs::read_link(link).ok())
            .collect()
    }
}
