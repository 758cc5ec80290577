//! What a decoder of untrusted bytes is allowed: no network, no privileges, bounded memory, CPU time and disk.
//!
//! Three small programs of util-linux run before ffmpeg in the same process, each replacing itself by the next:
//! `unshare` leaves the network, `setpriv` gives up every privilege and ties the process to our life, `prlimit` sets
//! the bounds. Nothing of it needs unsafe code between fork and exec, and all of it is visible in `ps`.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::error::MediaError;

/// How far processes are shut in, strongest first. Which one is possible depends on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// No network, no capabilities. Needs root.
    NoNetwork,
    /// The same through a user namespace of its own, for ordinary users where the kernel lets them.
    NoNetworkAsUser,
    /// No new privileges; the network stays reachable, and only the protocol allow-list keeps ffmpeg off it.
    NoNewPrivileges,
    /// Resource limits alone.
    LimitsOnly,
}

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

/// Seconds between the signal that a process may still catch and the one it may not.
const CPU_GRACE: u64 = 2;
/// Files a process may have open: its libraries, two inputs and two outputs.
const OPEN_FILES: u32 = 64;

impl Isolation {
    const STRONGEST_FIRST: [Self; 4] = [
        Self::NoNetwork,
        Self::NoNetworkAsUser,
        Self::NoNewPrivileges,
        Self::LimitsOnly,
    ];

    /// The strongest isolation this host permits, found by trying. Blocks for a few milliseconds.
    pub(crate) fn detect(limits: ProcessLimits) -> Result<Self, MediaError> {
        Self::STRONGEST_FIRST
            .into_iter()
            .find(|isolation| {
                isolation
                    .command(Path::new(TRUE), limits)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
            })
            .ok_or_else(|| MediaError::Tool {
                problem: format!("{PRLIMIT} does not work"),
            })
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
        const CAPABILITIES_TOO: [&str; 3] = [
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--ambient-caps=-all",
        ];
        match self {
            Self::NoNetwork => [&LEAVE_NETWORK[..], &GIVE_UP, &CAPABILITIES_TOO, &["--"]].concat(),
            Self::NoNetworkAsUser => [
                &LEAVE_NETWORK_AS_USER[..],
                &GIVE_UP,
                &CAPABILITIES_TOO,
                &["--"],
            ]
            .concat(),
            Self::NoNewPrivileges => [&GIVE_UP[..], &["--"]].concat(),
            Self::LimitsOnly => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read},
        net::TcpListener,
        time::Instant,
    };

    use super::*;

    const LIMITS: ProcessLimits = ProcessLimits {
        memory_bytes: 1 << 30,
        output_bytes: 4096,
        cpu: Duration::from_secs(5),
    };

    /// Whether a shell script succeeds when shut in.
    fn succeeds(isolation: Isolation, script: &str) -> bool {
        let mut command = isolation.command(Path::new("/bin/bash"), LIMITS);
        command
            .args(["-c", script])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    #[test]
    fn a_process_that_is_shut_in_cannot_call_anybody() {
        let isolation = Isolation::detect(LIMITS).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let call = format!(
            "exec 3<>/dev/tcp/{}",
            listener.local_addr().unwrap().to_string().replace(':', "/")
        );
        assert!(
            succeeds(Isolation::LimitsOnly, &call),
            "the call itself works"
        );
        if matches!(isolation, Isolation::NoNetwork | Isolation::NoNetworkAsUser) {
            assert!(!succeeds(isolation, &call));
        }
    }

    #[test]
    fn bounds_and_a_clean_environment_hold_at_every_strength() {
        let strongest = Isolation::detect(LIMITS).unwrap();
        for isolation in [strongest, Isolation::LimitsOnly] {
            assert!(succeeds(isolation, "test $(ulimit -v) -eq 1048576"));
            assert!(succeeds(
                isolation,
                "test $(ulimit -t) -eq 5 && test $(ulimit -c) -eq 0"
            ));
            assert!(succeeds(isolation, "test -z \"$HOME$USER$CARGO_PKG_NAME\""));
            let folder = tempfile::tempdir().unwrap();
            let large = folder.path().join("large");
            assert!(!succeeds(
                isolation,
                &format!("head -c 9999 /dev/zero > {}", large.display())
            ));
        }
    }

    #[test]
    fn capabilities_are_gone() {
        let isolation = Isolation::detect(LIMITS).unwrap();
        if isolation == Isolation::NoNetwork {
            assert!(succeeds(
                isolation,
                "grep -q 'CapEff:.*0000000000000000' /proc/self/status"
            ));
            assert!(succeeds(
                isolation,
                "grep -q 'NoNewPrivs:.*1' /proc/self/status"
            ));
        }
    }

    #[test]
    fn a_process_dies_with_its_parent() {
        let isolation = Isolation::detect(LIMITS).unwrap();
        if isolation == Isolation::LimitsOnly {
            return;
        }
        let mut command = isolation.command(Path::new("/bin/bash"), LIMITS);
        // It says so itself, by when it is tied to its parent.
        command.args(["-c", "echo started; exec sleep 20"]);
        let mut parent = Command::new("/bin/bash")
            .args(["-c", "\"$@\" & wait", "parent"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(parent.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        let started = Instant::now();
        parent.kill().unwrap();
        parent.wait().unwrap();
        // The child holds the other end of the pipe for as long as it lives.
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
