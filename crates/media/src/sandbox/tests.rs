//! What a program can do that is shut in. Where the host refuses what a test is about, it cannot show anything: at a desk
//! it passes, in CI that is a failure.

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
    let script = [OsStr::new("-c"), OsStr::new(script)];
    isolation.succeeds(Path::new("/bin/bash"), &script, LIMITS)
}

/// The isolation that is found, if it is complete.
fn complete() -> Option<Isolation> {
    let found = Isolation::detect(LIMITS).unwrap();
    let must_be = std::env::var_os("CI").is_some();
    assert!(
        found.is_complete() || !must_be,
        "this host permits no more than {found:?}"
    );
    found.is_complete().then_some(found)
}

#[test]
fn a_process_that_is_shut_in_cannot_call_anybody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let call = format!(
        "exec 3<>/dev/tcp/{}",
        listener.local_addr().unwrap().to_string().replace(':', "/")
    );
    assert!(
        succeeds(Isolation::LimitsOnly, &call),
        "the call itself works"
    );
    if let Some(isolation) = complete() {
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
        let _lent = isolation.lend(folder.path()).unwrap();
        let large = folder.path().join("large");
        let write = |bytes: u32| {
            let script = format!("head -c {bytes} /dev/zero > {}", large.display());
            succeeds(isolation, &script)
        };
        assert!(write(4096), "the folder is there to write in");
        assert!(!write(9999));
    }
}

#[test]
fn privileges_are_gone() {
    let Some(isolation) = complete() else { return };
    for line in ["CapEff:.*0000000000000000", "NoNewPrivs:.*1"] {
        let look = format!("grep -q '{line}' /proc/self/status");
        assert!(succeeds(isolation, &look), "{line}");
    }
}

/// Root is not left root, and what is root's alone is out of reach.
#[test]
fn a_guest_of_root_owns_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for isolation in [Isolation::NoNetwork, Isolation::OtherUser] {
        if isolation == Isolation::NoNetwork && complete() != Some(isolation) {
            continue;
        }
        assert!(succeeds(isolation, "test $(id -u) -eq 65533"));
        assert!(succeeds(isolation, "test \"$(id -G)\" = 65533"));
        // Files of this kind are for their owner alone.
        let secret = tempfile::NamedTempFile::new().unwrap();
        let read = format!("cat {}", secret.path().display());
        assert!(succeeds(Isolation::LimitsOnly, &read));
        assert!(!succeeds(isolation, &read));
        isolation.show(secret.path()).unwrap();
        assert!(succeeds(isolation, &read));
    }
}

#[test]
fn a_folder_is_lent_and_taken_back() {
    let isolation = Isolation::detect(LIMITS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name| {
        let script = format!("echo > {}/{name}", folder.path().display());
        succeeds(isolation, &script)
    };
    let lent = isolation.lend(folder.path()).unwrap();
    assert!(write("meanwhile"));
    drop(lent);
    assert_eq!(write("afterwards"), isolation.guest().is_none());
}

#[test]
fn our_environment_cannot_be_read_by_those_who_run_as_we_do() {
    hide().unwrap();
    assert_eq!(
        rustix::process::dumpable_behavior().unwrap(),
        DumpableBehavior::NotDumpable
    );
    let read = format!("cat /proc/{}/environ", std::process::id());
    let strongest = Isolation::detect(LIMITS).unwrap();
    assert!(!succeeds(strongest, &read));
    // Root may look anywhere for as long as it has its capabilities.
    if !rustix::process::geteuid().is_root() {
        assert!(!succeeds(Isolation::LimitsOnly, &read));
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
