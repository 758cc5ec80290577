//! What a decoder of untrusted bytes is allowed: no network, no privileges, none of our files, bounded memory, CPU time
//! and disk.
//!
//! Three small programs of util-linux run before ffmpeg in the same process, each replacing itself by the next:
//! `unshare` leaves the network, `setpriv` gives up every privilege and ties the process to our life, `prlimit` sets
//! the bounds. Nothing of it needs unsafe code between fork and exec, and all of it is visible in `ps`.
//!
//! Where we are root, `setpriv` also changes the user: root without capabilities still owns root's files. The guest, as
//! that user is called here, owns nothing but the folder it is lent while it writes outputs.

mod lending;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::DumpableBehavior;

pub(crate) use lending::Lent;

use crate::error::MediaError;

/// How far processes are shut in, strongest first. Which one is possible depends on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// No network, no privileges, another user than ours. Needs root.
    NoNetwork,
    /// No network, no privileges, through a user namespace: for ordinary users where the kernel lets them.
    NoNetworkAsUser,
    /// Another user than ours, no privileges; the network stays reachable, and only the protocol allow-list keeps
    /// ffmpeg off it. For root that may not make namespaces, as in most containers.
    OtherUser,
    /// No new privileges: the network and our files stay reachable.
    NoNewPrivileges,
    /// Resource limits alone.
    LimitsOnly,
}

/// The user and the group of the guest. Debian reserves this number and gives it to nobody (policy 9.2.2), so no file and
/// no other process is its.
const GUEST: u32 = 65_533;

/// The kernel's bounds for one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessLimits {
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) cpu: Duration,
}

const UNSHARE: &str = "/usr/bin/unshare";
const SETPRIV: &str = "/usr/bin/setpriv";
const PRLIMIT: &str = "/usr/bin/prlimit";
/// What is tried out to learn which isolation works.
const TRUE: &str = "/bin/true";
const TEST: &str = "/usr/bin/test";

/// Seconds between the signal that a process may still catch and the one it may not.
const CPU_GRACE: u64 = 2;
/// Files a process may have open: its libraries, two inputs and two outputs.
const OPEN_FILES: u32 = 64;

impl Isolation {
    /// What root may hope for. A namespace of its own would leave it root, so that is not among it.
    const OF_ROOT: [Self; 4] = [
        Self::NoNetwork,
        Self::OtherUser,
        Self::NoNewPrivileges,
        Self::LimitsOnly,
    ];
    const OF_USERS: [Self; 3] = [
        Self::NoNetworkAsUser,
        Self::NoNewPrivileges,
        Self::LimitsOnly,
    ];

    /// Whether a decoder that is taken over reaches neither the network nor root's files. What is less should not
    /// happen unnoticed where strangers upload.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::NoNetwork | Self::NoNetworkAsUser)
    }

    /// The user, and the group of the same number, that programs run as if not as ours. It has to get through the
    /// folders that lead to sources and outputs.
    pub fn guest(self) -> Option<u32> {
        matches!(self, Self::NoNetwork | Self::OtherUser).then_some(GUEST)
    }

    /// The strongest isolation this host permits, found by trying. Blocks for a few milliseconds.
    pub(crate) fn detect(limits: ProcessLimits) -> Result<Self, MediaError> {
        let candidates = if rustix::process::geteuid().is_root() {
            &Self::OF_ROOT[..]
        } else {
            &Self::OF_USERS
        };
        candidates
            .iter()
            .copied()
            .find(|isolation| isolation.succeeds(Path::new(TRUE), &[], limits))
            .ok_or_else(|| MediaError::Tool {
                problem: format!("{PRLIMIT} does not work"),
            })
    }

    /// Whether a shut-in program gets as far as `folder`. Blocks as [`Isolation::detect`] does.
    pub(crate) fn reaches(self, folder: &Path, limits: ProcessLimits) -> bool {
        self.succeeds(
            Path::new(TEST),
            &[OsStr::new("-x"), folder.as_os_str()],
            limits,
        )
    }

    fn succeeds(self, program: &Path, arguments: &[&OsStr], limits: ProcessLimits) -> bool {
        self.command(program, limits)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// A command that runs `program` shut in, with a clean environment; its arguments are still to be added.
    pub(crate) fn command(self, program: &Path, limits: ProcessLimits) -> Command {
        let cpu = limits.cpu.as_secs().max(1);
        let bounds = [
            format!("--as={}", limits.memory_bytes),
            format!("--cpu={cpu}:{}", cpu + CPU_GRACE),
            format!("--fsize={}", limits.output_bytes),
            format!("--nofile={OPEN_FILES}"),
            "--core=0".to_owned(),
        ];
        let mut words = self.wrapper();
        words.push(PRLIMIT);
        words.extend(bounds.iter().map(String::as_str));
        words.push("--");
        let mut words = words
            .into_iter()
            .map(OsStr::new)
            .chain([program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or(OsStr::new(PRLIMIT)));
        command
            .args(words)
            .env_clear()
            .env("LC_ALL", "C")
            // One arena a thread reserves 64 MiB of the address space that is bounded above.
            .env("MALLOC_ARENA_MAX", "2")
            .current_dir("/");
        command
    }

    fn wrapper(self) -> Vec<&'static str> {
        const LEAVE_NETWORK: [&str; 3] = [UNSHARE, "--net", "--"];
        const LEAVE_NETWORK_AS_USER: [&str; 5] =
            [UNSHARE, "--user", "--map-current-user", "--net", "--"];
        // The death signal comes after `unshare`: changing credentials would clear it.
        const GIVE_UP: [&str; 3] = [SETPRIV, "--pdeathsig=KILL", "--no-new-privs"];
        const BE_THE_GUEST: [&str; 3] = ["--reuid=65533", "--regid=65533", "--clear-groups"];
        const CAPABILITIES_TOO: [&str; 4] = [
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--ambient-caps=-all",
            "--",
        ];
        match self {
            Self::NoNetwork => [
                &LEAVE_NETWORK[..],
                &GIVE_UP,
                &BE_THE_GUEST,
                &CAPABILITIES_TOO,
            ]
            .concat(),
            Self::NoNetworkAsUser => {
                [&LEAVE_NETWORK_AS_USER[..], &GIVE_UP, &CAPABILITIES_TOO].concat()
            }
            Self::OtherUser => [&GIVE_UP[..], &BE_THE_GUEST, &CAPABILITIES_TOO].concat(),
            Self::NoNewPrivileges => [&GIVE_UP[..], &["--"]].concat(),
            Self::LimitsOnly => Vec::new(),
        }
    }
}

/// Keeps programs that run as the same user from reading our memory and our environment, where secrets are. The programs
/// themselves are not affected: starting one undoes it.
pub(crate) fn hide() -> Result<(), MediaError> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| MediaError::files("hide from the programs we run")(error.into()))
}
