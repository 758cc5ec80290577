//! The event bus on Google's Pub/Sub emulator, where that is installed: a second opinion on what
//! gcp-local says Pub/Sub does.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use avvivo_gcp::{Environment, LocalServer};
use avvivo_testkit::{Seen, free_port, wait_for};

use crate::clients;
use crate::contract::event_bus;

/// Where Google's package puts it.
const FOLDER: &str = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib";

/// The emulator's process, ended with the test.
struct Emulator {
    process: Child,
    url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process
            .kill()
            .and_then(|()| self.process.wait())
            .unwrap();
    }
}

async fn start() -> Option<Emulator> {
    if !Path::new(FOLDER).is_dir() {
        eprintln!("NOT RUN: Google's Pub/Sub emulator is not installed in {FOLDER}");
        return None;
    }
    let port = free_port().unwrap();
    let spawned = Command::new("java")
        .args([
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            &format!("{FOLDER}/*"),
        ])
        .arg("com.google.cloud.pubsub.testing.v1.Main")
        .args(["--host=127.0.0.1", &format!("--port={port}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(process) = spawned else {
        eprintln!("NOT RUN: Google's Pub/Sub emulator needs java");
        return None;
    };
    let url = format!("http://127.0.0.1:{port}");
    let emulator = Emulator { process, url };
    wait_for(
        "the emulator",
        Duration::from_mins(1),
        async || match reqwest::get(&emulator.url).await {
            Ok(_) => Seen::Done(()),
            Err(error) => Seen::NotYet(error),
        },
    )
    .await;
    Some(emulator)
}

/// One test, because starting the emulator takes longer than all of them. It enforces no filters,
/// and it keeps what a closed stream held back until the deadline; the rest it does well.
#[tokio::test]
async fn googles_emulator_agrees_with_the_contract() {
    let Some(emulator) = start().await else {
        return;
    };
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
