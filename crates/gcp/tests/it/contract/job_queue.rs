//! The contract of [`JobQueue`], as far as it can be seen from the sending side.

use avvivo_ports::{Enqueued, Job, JobQueue, QueueError, QueueName};
use bytes::Bytes;

use super::fresh;

pub(crate) fn job() -> Job {
    Job {
        queue: QueueName::ReelRender,
        name: fresh("reel"),
        payload: Bytes::from_static(b"\x0a\x01a"),
        traceparent: None,
        not_before: None,
    }
}

pub(crate) async fn a_job_is_taken_once(queue: &dyn JobQueue) {
    let job = job();
    assert_eq!(queue.enqueue(&job).await.unwrap(), Enqueued::Created);
    assert_eq!(queue.enqueue(&job).await.unwrap(), Enqueued::AlreadyThere);
    let other = self::job();
    assert_eq!(queue.enqueue(&other).await.unwrap(), Enqueued::Created);
}

pub(crate) async fn a_job_that_cannot_fit_is_refused(queue: &dyn JobQueue) {
    let mut job = job();
    job.payload = vec![0; 2_000_000].into();
    let refused = queue.enqueue(&job).await;
    assert!(
        matches!(refused, Err(QueueError::Refused { .. })),
        "{refused:?}"
    );
}
