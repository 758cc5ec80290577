//! The load generator and the floor. They are projects of their own, kept beside the checkout or wherever
//! `AVVIVO_SSE_TOOLS` says, and built into our cache.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::Command;

use crate::{checkout, progress};

/// Names the folder that holds both projects.
const VARIABLE: &str = "AVVIVO_SSE_TOOLS";
/// Where it is unless said, seen from the checkout.
const BESIDE: &str = "../shared/tools";
/// Longer than a slow machine takes for the few crates they need.
const BUILD_LIMIT: Duration = Duration::from_mins(10);

/// Their programs.
pub(super) struct Tools {
    /// Opens streams, publishes, and counts what arrives.
    pub(super) load: PathBuf,
    /// The least that the kernel allows.
    pub(super) floor: PathBuf,
}

impl Tools {
    /// Builds what is not built yet.
    pub(super) async fn build() -> anyhow::Result<Self> {
        let folder = env::var_os(VARIABLE).map_or_else(|| checkout::at(BESIDE), PathBuf::from);
        let target = cache()?.join("sse-tools");
        for (project, program) in [("sse-load", "sse-load"), ("sse-baselines", "floor")] {
            let manifest = folder.join(project).join("Cargo.toml");
            anyhow::ensure!(
                manifest.is_file(),
                "there is no {}: the load generator and the floor are no part of this repository; {VARIABLE} says in \
                 which folder sse-load and sse-baselines are",
                manifest.display()
            );
            progress(format_args!("realtime: building {program}, once …"));
            build(&manifest, program, &target).await?;
        }
        let program = |name: &str| target.join("release").join(name);
        Ok(Self {
            load: program("sse-load"),
            floor: program("floor"),
        })
    }
}

async fn build(manifest: &Path, program: &str, target: &Path) -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--bin",
            program,
        ])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        // The toolchain is the one that is pinned here.
        .current_dir(checkout::at(""))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let status = tokio::time::timeout(BUILD_LIMIT, cargo.status())
        .await
        .with_context(|| format!("{program} was not built in {BUILD_LIMIT:?}"))?
        .context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "cargo could not build {program}");
    Ok(())
}

/// Where scripts keep what makes the next run quick.
fn cache() -> anyhow::Result<PathBuf> {
    if let Some(cache) = env::var_os("AVVIVO_CACHE") {
        return Ok(cache.into());
    }
    let home = env::home_dir().context("neither AVVIVO_CACHE nor HOME is set")?;
    Ok(home.join(".cache/avvivo"))
}
