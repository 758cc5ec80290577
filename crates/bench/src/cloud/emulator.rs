//! Google's Pub/Sub emulator, where it is installed. It is part of no distribution.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use avvivo_local_servers::{PrivateProcess, free_port};

use crate::{checkout, platform::Variables, tool::find};

const JARS: &str = "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib";

/// Its version 0.8.20 mixes two versions of grpc-java: when a client cancels a stream it calls a method that is not there,
/// and goes on handing messages to the dead stream. The contract tests keep a class that has the method.
const SHIM: &str = "crates/gcp-local/tests/it/pubsub/emulator/InternalStatus.class";

/// A Java virtual machine on a machine that does other things, too.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running emulator. Dropping it kills it.
pub(super) struct Emulator {
    _process: PrivateProcess,
    url: String,
}

impl Emulator {
    /// `None` where it, or Java, is not installed.
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Option<Self>> {
        let (Some(jar), Ok(java)) = (jar(), find("java", "default-jre-headless")) else {
            return Ok(None);
        };
        let shim = folder.join("shim");
        fs::create_dir_all(shim.join("io/grpc"))?;
        fs::copy(
            checkout::at(SHIM),
            shim.join("io/grpc/InternalStatus.class"),
        )?;
        let port = free_port()?;
        let class_path = format!("{}:{}", shim.display(), jar.display());
        let args = [
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            &class_path,
            "com.google.cloud.pubsub.testing.v1.Main",
            "--host=127.0.0.1",
            &format!("--port={port}"),
        ];
        let process = PrivateProcess::start(
            folder,
            "emulator",
            java,
            args.map(Into::into).into(),
            Variables::new(),
        )?;
        let url = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        while reqwest::get(&url).await.is_err() {
            anyhow::ensure!(began.elapsed() < START_LIMIT, "the emulator does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Some(Self {
            _process: process,
            url,
        }))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

fn jar() -> Option<PathBuf> {
    let mut files = fs::read_dir(JARS).ok()?.flatten().map(|file| file.path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "jar"))
}
