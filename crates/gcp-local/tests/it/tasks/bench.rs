//! A server, a client and a queue: what nearly every test of Cloud Tasks begins with.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use gcp_local::GcpLocal;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_tasks_v2::client::CloudTasks;
use google_cloud_tasks_v2::model::{HttpMethod, HttpRequest, Queue, Task};
use google_cloud_wkt::Timestamp;

use crate::support::{anonymous, server};

pub(crate) const LOCATION: &str = "projects/demo-local/locations/southamerica-east1";

/// One queue of one server.
pub(crate) struct Bench {
    pub(crate) server: GcpLocal,
    pub(crate) client: CloudTasks,
    pub(crate) queue: String,
}

impl Bench {
    /// A fresh server with one queue.
    pub(crate) async fn new(configure: impl FnOnce(Queue) -> Queue) -> Self {
        let server = server().await;
        let client = client(server.url()).await;
        let queue = create_queue(&client, "work", configure).await;
        Self {
            server,
            client,
            queue,
        }
    }

    /// The same with its queue paused, so that tasks stay to be looked at.
    pub(crate) async fn paused() -> Self {
        let bench = Self::new(|queue| queue).await;
        let pause = bench.client.pause_queue().set_name(&bench.queue);
        pause.send().await.expect("paused");
        bench
    }

    pub(crate) fn name(&self, id: &str) -> String {
        format!("{}/tasks/{id}", self.queue)
    }

    pub(crate) async fn create(&self, task: Task) -> google_cloud_tasks_v2::Result<Task> {
        self.client
            .create_task()
            .set_parent(&self.queue)
            .set_task(task)
            .send()
            .await
    }

    pub(crate) async fn created(&self, task: Task) -> Task {
        self.create(task).await.expect("the task is created")
    }

    /// Every task of the queue, in pages of two.
    pub(crate) async fn listed(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        let list = self.client.list_tasks().set_parent(&self.queue);
        let mut items = list.set_page_size(2).by_item();
        while let Some(task) = items.next().await {
            tasks.push(task.expect("a page"));
        }
        tasks
    }

    pub(crate) async fn get(&self, id: &str) -> google_cloud_tasks_v2::Result<Task> {
        self.client.get_task().set_name(self.name(id)).send().await
    }
}

/// The official client; a failure is an answer here, not a reason to try again.
pub(crate) async fn client(url: &str) -> CloudTasks {
    CloudTasks::builder()
        .with_endpoint(url)
        .with_credentials(anonymous())
        .with_retry_policy(NeverRetry)
        .build()
        .await
        .expect("a client")
}

pub(crate) async fn create_queue(
    client: &CloudTasks,
    id: &str,
    configure: impl FnOnce(Queue) -> Queue,
) -> String {
    let name = format!("{LOCATION}/queues/{id}");
    let queue = configure(Queue::new().set_name(&name));
    client
        .create_queue()
        .set_parent(LOCATION)
        .set_queue(queue)
        .send()
        .await
        .expect("the queue is created");
    name
}

/// A POST with this body.
pub(crate) fn task(url: &str, body: &str) -> Task {
    Task::new().set_http_request(
        request(url)
            .set_http_method(HttpMethod::Post)
            .set_body(body.to_owned()),
    )
}

pub(crate) fn request(url: &str) -> HttpRequest {
    HttpRequest::new().set_url(url)
}

pub(crate) fn wire(duration: Duration) -> google_cloud_wkt::Duration {
    google_cloud_wkt::Duration::try_from(duration).expect("a duration")
}

/// The HTTP status of a refused call.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: google_cloud_tasks_v2::Result<T>) -> u16 {
    let error = answer.expect_err("the call is refused");
    error.http_status_code().expect("a status")
}

pub(crate) fn wire_time(time: DateTime<Utc>) -> Timestamp {
    Timestamp::try_from(SystemTime::from(time)).expect("a time")
}
