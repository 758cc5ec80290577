//! Work for later: one job is delivered at least once, over HTTP, to the service that owns its queue.

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault, Timestamp};
use bytes::Bytes;

/// The queues there are. Where each delivers, how fast and how often is configuration of the adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueName {
    /// Reels to render, for the reels-processor.
    ReelRender,
}

impl QueueName {
    /// The name in the outbox and in the queue service.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReelRender => "reel-render",
        }
    }

    /// Reads [`QueueName::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "reel-render" => Some(Self::ReelRender),
            _ => None,
        }
    }
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which queue.
    pub queue: QueueName,
    /// What makes the job this job, such as `reel:<id>:v1`. The same name again within the queue's memory is the same job.
    /// Adapters hash it, so that names spread evenly and carry nothing private.
    pub name: String,
    /// An encoded message of `avvivo.jobs.v1`.
    pub payload: Bytes,
    /// W3C trace context of the request behind it.
    pub traceparent: Option<String>,
    /// Not to be started earlier than this.
    pub not_before: Option<Timestamp>,
}

/// What became of an enqueued job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It is new.
    Created,
    /// The queue already has, or had, a job of this name: nothing more to do.
    AlreadyThere,
}

/// Takes jobs.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Hands a job over. Returning `Ok` means that the queue has it durably. Safe to repeat.
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, QueueError>;
}

/// Why a job was not taken.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue service is away or overloaded: the same call may work later.
    #[error("the job queue is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
    },
    /// The queue service will never take this job as it is.
    #[error("the job queue refused the job: {reason}")]
    Refused {
        /// What was seen, for logs.
        reason: String,
    },
}

impl Fault for QueueError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Refused { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "queue.unavailable",
            Self::Refused { .. } => "queue.refused",
        }
    }

    fn public_message(&self) -> String {
        "No pudimos encolar el trabajo. Probá de nuevo en unos minutos.".to_owned()
    }
}
