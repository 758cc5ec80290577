//! The real binary, killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use google_cloud_pubsub::model::Subscription;

use super::site::{Site, keyed, note};

struct Process {
    child: Child,
    url: String,
}

impl Process {
    /// Returns when the server listens.
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gcp-local"))
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let url = line
            .split_whitespace()
            .last()
            .expect("the URL is last")
            .to_owned();
        Self { child, url }
    }

    /// SIGKILL: no goodbye, no flush.
    fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed must not leave a server behind; one that is dead already is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let data = tempfile::tempdir().expect("a folder");
    let first = Process::start(data.path());
    let site = Site::new(&first.url, "survival");
    let filter = Subscription::new().set_filter("attributes:never");
    site.subscribe("filtered", filter).await;
    site.subscribe(
        "reader",
        Subscription::new().set_enable_message_ordering(true),
    )
    .await;
    let early = site
        .publish((0..200).map(|number| note(format!("{number:03}"))))
        .await;
    site.publish((0..5).map(|number| keyed("key", number.to_string())))
        .await;
    let mut inbox = site.receive("reader", 1000).await;
    let mut acknowledged = BTreeSet::new();
    for _ in 0..100 {
        let (message, handler) = inbox.next().await;
        handler.ack();
        acknowledged.insert(message.message_id);
    }
    // The stream's end flushes its acknowledgements; everything else is given back.
    inbox.close().await;
    first.kill();

    let second = Process::start(data.path());
    let site = Site::new(&second.url, "survival");
    let mut inbox = site.receive("reader", 1000).await;
    let (mut left, mut of_key) = (BTreeSet::new(), Vec::new());
    for _ in 0..105 {
        let (message, handler) = inbox.next().await;
        handler.ack();
        if message.ordering_key.is_empty() {
            left.insert(message.message_id);
        } else {
            of_key.push(String::from_utf8(message.data.to_vec()).expect("text"));
        }
    }
    assert!(left.is_disjoint(&acknowledged));
    assert_eq!(
        left.union(&acknowledged).cloned().collect::<BTreeSet<_>>(),
        early.into_iter().collect()
    );
    assert_eq!(of_key, ["0", "1", "2", "3", "4"]);
    let later = site.publish([note("later")]).await;
    assert!(
        left.iter()
            .all(|id| id.len() <= later[0].len() && *id != later[0]),
        "ids are new"
    );
    assert_eq!(inbox.read(1).await, ["later"]);
    second.kill();
}
