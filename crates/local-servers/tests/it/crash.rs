//! A parent that is killed leaves no server behind.
//!
//! The parent is this test binary again, told by a variable to start the servers and then wait to be killed.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use avvivo_local_servers::{DataFolder, Durability, Postgres, Redis};

const ROLE: &str = "AVVIVO_TEST_PARENT";

/// A fast shutdown takes a twentieth of a second.
const LIMIT: Duration = Duration::from_secs(20);

/// The part of the parent; as a test of its own it has nothing to do.
#[test]
fn parent_that_waits_to_be_killed() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let folder = DataFolder::throw_away().unwrap();
    let postgres = Postgres::start(&folder, Durability::Durable).unwrap();
    // From a thread that ends at once, as a runtime's blocking pool would.
    let redis = std::thread::scope(|scope| scope.spawn(|| Redis::start(&folder)).join());
    let redis = redis.unwrap().unwrap();
    println!(
        "started {} {} {}",
        postgres.id(),
        redis.id(),
        folder.path().display()
    );
    // Ends only by a kill, or by the test's own end, which closes this pipe.
    std::io::stdin().lines().for_each(drop);
}

#[test]
fn servers_die_with_a_parent_that_is_killed() {
    let mut parent = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::parent_that_waits_to_be_killed",
            "--nocapture",
        ])
        .env(ROLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let started = lines
        .find_map(|line| line.split_once("started ").map(|(_, rest)| rest.to_owned()))
        .expect("the parent names its servers");
    let mut words = started.split(' ');
    let servers = [words.next().unwrap(), words.next().unwrap()];
    let folder = words.next().unwrap();
    for pid in servers {
        assert!(is_running(pid), "{pid} should run");
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    let deadline = Instant::now() + LIMIT;
    while servers.iter().any(|pid| is_running(pid)) {
        assert!(
            Instant::now() < deadline,
            "{servers:?} outlived their parent"
        );
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // The next one to need a folder sweeps up.
    drop(DataFolder::throw_away().unwrap());
    assert!(!Path::new(folder).exists());
}

/// Runs, and is not merely waiting to be collected.
pub(crate) fn is_running(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}
