//! What a deployment does before its services start: the schema, and the queue with its limits.
//!
//! It is a step of its own, because both need rights that no service that serves should have. The bucket and the topic have
//! no numbers of ours and belong to whoever provisions the project.

use std::io::{self, Write as _};

use avvivo_app::Policy;
use avvivo_ports::QueueName;
use avvivo_service_kit::Lifecycle;
use avvivo_wiring::Core;
use serde_json::json;

use crate::{Config, StartError};

/// Brings schema and queue up to date, says so, and stops. Safe to repeat, and from several places at once.
pub async fn prepare(config: &Config, lifecycle: &Lifecycle) -> Result<(), StartError> {
    let core = Core::connect(&config.core, Policy::default(), "scheduler").await?;
    core.deps.db.migrate().await?;
    let queue = core.google.job_queue(&config.core.queue).await?;
    queue.ensure_queue(QueueName::ReelRender).await?;
    let done = json!({"schema": "up to date", "queue": QueueName::ReelRender.as_str()});
    writeln!(io::stdout(), "{done}")?;
    lifecycle.stop();
    Ok(())
}
