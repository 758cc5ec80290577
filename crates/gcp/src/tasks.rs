//! [`JobQueue`] on Cloud Tasks.
//!
//! A job's name becomes the task's name, hashed, so the queue itself refuses the second copy: for
//! as long as the task exists and about an hour after. Cloud Tasks keeps no record of tasks that
//! ran out of attempts; whoever receives the last attempt has to write the outcome down.

mod target;

use async_trait::async_trait;
use avvivo_kernel::Timestamp;
use avvivo_ports::{Enqueued, Job, JobQueue, QueueError, QueueName};
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_tasks_v2::client::CloudTasks;
use google_cloud_tasks_v2::model::{HttpMethod, HttpRequest, OidcToken, Task};
use google_cloud_wkt::FieldMask;
use sha2::{Digest, Sha256};

pub use self::target::{Pace, QueueTarget, Retries};
use crate::environment::{BuildError, CALL_LIMIT, Environment};
use crate::fault::{self, Trouble};

/// What a task may carry, in bytes. Cloud Tasks' limits have been 100 KB and 1 MB; jobs carry ids,
/// so the smaller one costs nothing.
const PAYLOAD_LIMIT: usize = 100_000;

/// Where the queues are and where they deliver.
#[derive(Debug, Clone)]
pub struct TasksConfig {
    /// The Google Cloud project.
    pub project: String,
    /// The region of the queues.
    pub location: String,
    /// The queue behind [`QueueName::ReelRender`].
    pub reel_render: QueueTarget,
}

impl TasksConfig {
    fn target(&self, queue: QueueName) -> &QueueTarget {
        match queue {
            QueueName::ReelRender => &self.reel_render,
        }
    }

    fn queue_path(&self, queue: QueueName) -> String {
        format!(
            "projects/{}/locations/{}/queues/{}",
            self.project,
            self.location,
            self.target(queue).queue_id
        )
    }
}

/// Enqueues into Cloud Tasks.
#[derive(Debug, Clone)]
pub struct CloudTasksQueue {
    client: CloudTasks,
    config: TasksConfig,
}

impl CloudTasksQueue {
    /// Builds the client. Nothing is contacted yet.
    pub async fn connect(
        environment: &Environment,
        config: TasksConfig,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            client: environment.tasks().await?,
            config,
        })
    }

    /// Creates the queue or brings its limits up to the configuration. Safe to repeat; tasks that
    /// wait in it stay. Deployments call it, and local starts.
    pub async fn ensure_queue(&self, queue: QueueName) -> Result<(), QueueError> {
        let target = self.config.target(queue);
        let update = self
            .client
            .update_queue()
            .set_queue(target.to_queue(self.config.queue_path(queue)))
            .set_update_mask(FieldMask::default().set_paths(["rate_limits", "retry_config"]))
            // An update of a queue that is not there creates it, so once or twice is the same.
            .with_idempotency(true)
            .send();
        fault::call(CALL_LIMIT, update)
            .await
            .map_err(Trouble::from)?;
        Ok(())
    }

    fn task(&self, job: &Job, queue: &str) -> Task {
        let target = self.config.target(job.queue);
        let mut headers = vec![("Content-Type", "application/x-protobuf")];
        if let Some(traceparent) = &job.traceparent {
            headers.push(("traceparent", traceparent));
        }
        let token = OidcToken::new()
            .set_service_account_email(&target.service_account)
            .set_audience(&target.audience);
        let request = HttpRequest::new()
            .set_url(&target.url)
            .set_http_method(HttpMethod::Post)
            .set_headers(headers)
            .set_body(job.payload.clone())
            .set_oidc_token(token);
        Task::new()
            .set_name(format!("{queue}/tasks/{}", task_id(&job.name)))
            .set_http_request(request)
            .set_dispatch_deadline(target::wire_duration(target.dispatch_deadline))
            .set_or_clear_schedule_time(job.not_before.map(wire_time))
    }
}

#[async_trait]
impl JobQueue for CloudTasksQueue {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, QueueError> {
        if job.payload.len() > PAYLOAD_LIMIT {
            return Err(QueueError::Refused {
                reason: format!(
                    "{} bytes; a task carries {PAYLOAD_LIMIT}",
                    job.payload.len()
                ),
            });
        }
        let queue = self.config.queue_path(job.queue);
        let create = self
            .client
            .create_task()
            .set_parent(&queue)
            .set_task(self.task(job, &queue))
            // The name makes it so; without this the client never repeats a POST.
            .with_idempotency(true)
            .send();
        match fault::call(CALL_LIMIT, create).await {
            Ok(_) => Ok(Enqueued::Created),
            Err(error) if fault::is_taken(&error) => Ok(Enqueued::AlreadyThere),
            Err(error) => Err(Trouble::from(error).into()),
        }
    }
}

/// A task's id: the job's name hashed. Names with a common beginning would all land on one of
/// Cloud Tasks' machines, and names can carry what logs should not.
fn task_id(name: &str) -> String {
    hex::encode(Sha256::digest(name.as_bytes()))
}

fn wire_time(at: Timestamp) -> google_cloud_wkt::Timestamp {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0);
    google_cloud_wkt::Timestamp::clamp(at.timestamp(), nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_id_depends_on_the_name_alone_and_fits_the_limits() {
        let id = task_id("reel:0190:v1");
        assert_eq!(id, task_id("reel:0190:v1"));
        assert_ne!(id, task_id("reel:0190:v2"));
        assert_eq!(id.len(), 64);
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
