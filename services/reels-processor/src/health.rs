//! What has to work for a task to be welcome.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use avvivo_service_kit::health::{Down, HealthRegistry, Importance};
use tokio::{process::Command, sync::Mutex, time::Instant};

use crate::scratch::Scratch;

/// Longer than a loaded machine takes to start a program.
const LIMIT: Duration = Duration::from_secs(5);
/// Programs do not vanish every second, and starting one costs tens of milliseconds of CPU.
const TOOL_TTL: Duration = Duration::from_mins(1);

/// Adds ffmpeg and the disk to what a service with a database depends on.
pub(crate) fn with_tools(
    registry: HealthRegistry,
    ffmpeg: PathBuf,
    scratch: Arc<Scratch>,
) -> HealthRegistry {
    let tool = Arc::new(Tool {
        program: ffmpeg,
        worked_at: Mutex::new(None),
    });
    let runs = move || {
        let tool = Arc::clone(&tool);
        async move { tool.check().await }
    };
    let writes = move || {
        let scratch = Arc::clone(&scratch);
        async move {
            let checked = tokio::task::spawn_blocking(move || scratch.check()).await;
            match checked {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Down::from("disk.not_writable")),
            }
        }
    };
    registry
        .with("ffmpeg", Importance::Required, LIMIT, runs)
        .with("disk", Importance::Required, LIMIT, writes)
}

/// A program that is tried out now and then.
struct Tool {
    program: PathBuf,
    worked_at: Mutex<Option<Instant>>,
}

impl Tool {
    async fn check(&self) -> Result<(), Down> {
        let mut worked_at = self.worked_at.lock().await;
        if worked_at.is_some_and(|at| at.elapsed() < TOOL_TTL) {
            return Ok(());
        }
        *worked_at = None;
        if !runs(&self.program).await {
            return Err(Down::from("ffmpeg.not_runnable"));
        }
        *worked_at = Some(Instant::now());
        Ok(())
    }
}

async fn runs(program: &Path) -> bool {
    let status = Command::new(program)
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    status.await.is_ok_and(|status| status.success())
}
