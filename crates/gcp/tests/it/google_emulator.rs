//! The event bus on Google's Pub/Sub emulator, where that is installed: a second opinion on what
//! gcp-local says Pub/Sub does.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use avvivo_gcp::{Environment, LocalServer};
use avvivo_testkit::{Seen, free_port, wait_for};
use tempfile::TempDir;

use crate::clients;
use crate::contract::event_bus;

/// Where Google's package puts it.
const JARS: &str = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib";

/// Without this class before its own, the emulator goes on handing messages to streams that have
/// been closed. Its source and its story are beside it.
const SHIM: &[u8] =
    include_bytes!("../../../gcp-local/tests/it/pubsub/emulator/InternalStatus.class");

/// A Java virtual machine on a machine that does other things, too.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The emulator's process, ended with the test.
struct Emulator {
    process: Child,
    url: String,
    _shim: TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Nothing more can be done about a child that does not die.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn start() -> Emulator {
    let shim = tempfile::tempdir().unwrap();
    let package = shim.path().join("io/grpc");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("InternalStatus.class"), SHIM).unwrap();
    let port = free_port().unwrap();
    let class_path = format!("{}:{JARS}/*", shim.path().display());
    let process = Command::new("java")
        .args(["-XX:+UseSerialGC", "-Xmx256m", "-cp", &class_path])
        .arg("com.google.cloud.pubsub.testing.v1.Main")
        .args(["--host=127.0.0.1", &format!("--port={port}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let emulator = Emulator {
        process,
        url: format!("http://127.0.0.1:{port}"),
        _shim: shim,
    };
    wait_for(
        "the emulator to answer",
        START_LIMIT,
        async || match reqwest::get(&emulator.url).await {
            Ok(_) => Seen::Done(()),
            Err(error) => Seen::NotYet(error),
        },
    )
    .await;
    emulator
}

/// One test, because starting the emulator takes longer than all of the contract. It enforces no
/// filters, so the one about classes is left out.
#[tokio::test]
#[cfg_attr(
    not(pubsub_emulator),
    ignore = "Google's Pub/Sub emulator or Java is not installed"
)]
async fn googles_emulator_agrees_with_the_contract() {
    let emulator = start().await;
    let environment = Environment::Local(LocalServer::at(&emulator.url, None));
    let bus = clients::bus(&environment).await;
    bus.ensure_topic().await.unwrap();
    event_bus::order_is_kept_within_an_audience(&bus).await;
    event_bus::a_batch_larger_than_every_bound_is_published_whole(&bus).await;
    event_bus::every_instance_hears_everything(&bus).await;
    event_bus::a_dropped_delivery_comes_again(&bus).await;
    event_bus::an_instance_that_comes_back_hears_what_is_new(&bus).await;
    event_bus::a_refused_event_holds_back_its_audience_and_nobody_else(&bus).await;
    bus.close().await;
}
