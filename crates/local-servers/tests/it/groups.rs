//! What a child has started ends with it.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use avvivo_local_servers::PrivateProcess;
use rustix::process::{Pid, Signal, kill_process};

use crate::crash::is_running;

/// The kernel takes no time; the rest is for a machine that is busy.
const LIMIT: Duration = Duration::from_secs(20);

/// A master with one worker that outlives it unless somebody sees to that.
fn master(folder: &Path) -> (PrivateProcess, String) {
    let script = "sleep 1000 & echo worker $!; wait";
    let process = PrivateProcess::start(
        folder,
        "master",
        "/bin/sh".into(),
        vec!["-c".into(), script.into()],
        BTreeMap::new(),
    )
    .unwrap();
    let deadline = Instant::now() + LIMIT;
    loop {
        let log = fs::read_to_string(process.log()).unwrap();
        if let Some(worker) = log.trim().strip_prefix("worker ") {
            assert!(is_running(worker));
            return (process, worker.to_owned());
        }
        assert!(Instant::now() < deadline, "no worker: {log}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn ends(worker: &str) {
    let deadline = Instant::now() + LIMIT;
    while is_running(worker) {
        assert!(Instant::now() < deadline, "{worker} outlived its master");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_master_takes_its_workers_along() {
    let folder = tempfile::tempdir().unwrap();
    let (process, worker) = master(folder.path());
    process.kill().unwrap();
    ends(&worker);
}

#[test]
fn workers_of_a_master_that_died_by_itself_end_when_that_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, worker) = master(folder.path());
    let master = i32::try_from(process.id()).unwrap();
    kill_process(Pid::from_raw(master).unwrap(), Signal::KILL).unwrap();
    let deadline = Instant::now() + LIMIT;
    while process.exited().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the master lives on");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    ends(&worker);
}

#[test]
fn dropping_a_master_ends_its_workers() {
    let folder = tempfile::tempdir().unwrap();
    let (process, worker) = master(folder.path());
    drop(process);
    ends(&worker);
}
