//! From `create_task` to the request that the task is.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use google_cloud_auth::credentials::anonymous;
use google_cloud_tasks_v2::{
    client::CloudTasks,
    model::{HttpMethod, HttpRequest, Queue, RateLimits, Task},
};

use crate::{
    enqueue::witness::{Arrivals, Witness},
    sample::{Sample, rate},
};

const LOCATION: &str = "projects/bench/locations/southamerica-east1";
/// Tasks that are created one after the other.
const SINGLE: usize = 300;
/// Tasks of the burst, spread over so many queues and created by so many clients at once.
const BURST: usize = 4_000;
const QUEUES: usize = 8;
const CLIENTS: usize = 32;
/// What has not started by then is lost.
const LIMIT: Duration = Duration::from_secs(40);

/// What was found.
pub(super) struct Found {
    /// From the call to its answer.
    pub(super) create: Sample,
    /// From the call to the arrival of the task's request.
    pub(super) start: Sample,
    pub(super) created_rate: f64,
    pub(super) started_rate: f64,
}

/// Asks the Cloud Tasks at `endpoint`.
pub(super) async fn measure(endpoint: &str) -> anyhow::Result<Found> {
    let mut witness = Witness::start(None).await?;
    let bench = Bench::new(endpoint, witness.url()).await?;
    let (mut create, mut called) = (Vec::new(), HashMap::new());
    for number in 0..SINGLE {
        let began = Instant::now();
        called.insert(bench.create(0, number).await?, began);
        create.push(began.elapsed());
    }
    let arrivals = tokio::time::timeout(LIMIT, witness.arrivals.take(SINGLE)).await??;
    let start = since(&called, &arrivals)?;

    let began = Instant::now();
    stream::iter(SINGLE..SINGLE + BURST)
        .map(|number| bench.create(number % QUEUES, number))
        .buffer_unordered(CLIENTS)
        .try_for_each(async |_| Ok(()))
        .await?;
    let created = began.elapsed();
    let arrivals = tokio::time::timeout(LIMIT, witness.arrivals.take(BURST)).await??;
    let last = arrivals.iter().map(|arrival| arrival.at).max();
    let started = last.context("nothing arrived")?.duration_since(began);
    Ok(Found {
        create: Sample::new(create).context("no tasks")?,
        start,
        created_rate: rate(BURST, created),
        started_rate: rate(BURST, started),
    })
}

fn since(
    called: &HashMap<String, Instant>,
    arrivals: &[crate::enqueue::witness::Arrival],
) -> anyhow::Result<Sample> {
    let times = arrivals.iter().filter_map(|arrival| {
        let began = called.get(&arrival.task)?;
        Some(arrival.at.duration_since(*began))
    });
    let times: Vec<Duration> = times.collect();
    anyhow::ensure!(times.len() == called.len(), "strange tasks arrived");
    Sample::new(times).context("no tasks")
}

struct Bench {
    client: CloudTasks,
    target: String,
}

impl Bench {
    async fn new(endpoint: &str, target: String) -> anyhow::Result<Self> {
        let client = CloudTasks::builder()
            .with_endpoint(endpoint)
            .with_credentials(anonymous::Builder::new().build())
            .build()
            .await?;
        for number in 0..QUEUES {
            // As much as Google grants a queue.
            let limits = RateLimits::new()
                .set_max_dispatches_per_second(500.0)
                .set_max_concurrent_dispatches(1_000);
            let queue = Queue::new().set_name(queue(number)).set_rate_limits(limits);
            let create = client.create_queue().set_parent(LOCATION);
            create.set_queue(queue).send().await?;
        }
        Ok(Self { client, target })
    }

    /// Creates a task and returns its id.
    async fn create(&self, number_of_queue: usize, number: usize) -> anyhow::Result<String> {
        let queue = queue(number_of_queue);
        let id = format!("task-{number}");
        let request = HttpRequest::new()
            .set_url(format!("{}/jobs", self.target))
            .set_http_method(HttpMethod::Post)
            .set_body(vec![0_u8; 64]);
        let task = Task::new()
            .set_name(format!("{queue}/tasks/{id}"))
            .set_http_request(request);
        let create = self.client.create_task().set_parent(&queue);
        create.set_task(task).send().await?;
        Ok(id)
    }
}

fn queue(number: usize) -> String {
    format!("{LOCATION}/queues/bench-{number}")
}
