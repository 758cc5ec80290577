//! Google's own emulator held to the same contract. It is not part of any distribution; where it,
//! or Java, is not installed, the test shows as ignored, with that reason.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::FutureExt;

use super::contract::{CONTRACT, Emulator};
use super::site::Site;
use crate::support::wait_for;

const JARS: &str = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib";

/// A Java virtual machine on a machine that does other things, too.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The emulator 0.8.20 mixes two versions of grpc-java: when a client cancels a stream, it calls a
/// method that is not there, and goes on handing messages to the dead stream. This class has the
/// method (source beside it) and goes before the jar.
const SHIM: &[u8] = include_bytes!("emulator/InternalStatus.class");

struct Jvm {
    child: Child,
    url: String,
    _shim: tempfile::TempDir,
}

impl Jvm {
    async fn start() -> Self {
        let shim = tempfile::tempdir().expect("a folder");
        let package = shim.path().join("io/grpc");
        std::fs::create_dir_all(&package).expect("a folder");
        std::fs::write(package.join("InternalStatus.class"), SHIM).expect("the shim is written");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let class_path = format!("{}:{}", shim.path().display(), jar().display());
        let child = Command::new("java")
            .args(["-XX:+UseSerialGC", "-Xmx256m", "-cp", &class_path])
            .arg("com.google.cloud.pubsub.testing.v1.Main")
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Java starts");
        let url = format!("http://127.0.0.1:{port}");
        wait_for("the emulator answers", START_LIMIT, async || {
            reqwest::get(&url).await
        })
        .await;
        Self {
            child,
            url,
            _shim: shim,
        }
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        // Nothing more can be done about a child that does not die.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn jar() -> PathBuf {
    let files = std::fs::read_dir(JARS).expect("the emulator is installed");
    let mut jars = files.filter_map(|file| Some(file.ok()?.path()));
    jars.find(|path| path.extension().is_some_and(|e| e == "jar"))
        .expect("the emulator has a jar")
}

#[cfg_attr(
    not(pubsub_emulator),
    ignore = "Google's Pub/Sub emulator or Java is not installed"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_emulator_keeps_the_contract_but_for_what_it_is_known_to_break() {
    let emulator = Jvm::start().await;
    let mut report = String::new();
    let mut failed = Vec::new();
    for item in CONTRACT {
        let outcome = match item.emulator {
            Emulator::Breaks(reason) => format!("not asked: {reason}"),
            Emulator::Keeps => {
                let site = Site::new(&emulator.url, item.behaviour);
                let outcome = AssertUnwindSafe((item.check)(&site)).catch_unwind().await;
                if outcome.is_err() {
                    failed.push(item.behaviour);
                }
                if outcome.is_ok() { "kept" } else { "BROKEN" }.to_owned()
            }
        };
        writeln!(report, "{:60} {outcome}", item.behaviour).expect("a string takes everything");
    }
    println!("{report}");
    assert!(failed.is_empty(), "{failed:?}");
}
