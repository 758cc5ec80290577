//! The adapters, configured alike for every server.

use std::time::Duration;

use avvivo_gcp::{
    CloudStorage, CloudTasksQueue, Environment, PubSubBus, PubSubConfig, QueueTarget,
    StorageConfig, TasksConfig,
};
use avvivo_ports::QueueName;

pub(crate) const PROJECT: &str = "local";

pub(crate) async fn bus(environment: &Environment) -> PubSubBus {
    let mut config = PubSubConfig::new(PROJECT);
    // An outage is noticed after one of these.
    config.check_every = Duration::from_millis(500);
    PubSubBus::connect(environment, config).await.unwrap()
}

pub(crate) async fn queue(environment: &Environment, target: &str) -> CloudTasksQueue {
    queue_of(environment, target, 4).await
}

/// One whose receivers take this many at once.
pub(crate) async fn queue_of(
    environment: &Environment,
    target: &str,
    concurrency: i32,
) -> CloudTasksQueue {
    let reel_render = QueueTarget::reel_render(
        target,
        "https://processor.internal",
        "tasks@local.iam.gserviceaccount.com",
        concurrency,
    );
    let config = TasksConfig {
        project: PROJECT.to_owned(),
        location: "southamerica-east1".to_owned(),
        reel_render,
    };
    CloudTasksQueue::connect(environment, config).await.unwrap()
}

/// The queue, made on the server.
pub(crate) async fn ready_queue(environment: &Environment, target: &str) -> CloudTasksQueue {
    let queue = queue(environment, target).await;
    queue.ensure_queue(QueueName::ReelRender).await.unwrap();
    queue
}

pub(crate) async fn store(environment: &Environment) -> CloudStorage {
    let config = StorageConfig {
        bucket: "media".to_owned(),
        public_base_url: None,
        upload_endpoint: None,
    };
    CloudStorage::connect(environment, config).await.unwrap()
}

/// The store with its bucket.
pub(crate) async fn ready_store(environment: &Environment) -> CloudStorage {
    let store = store(environment).await;
    let origins = ["https://shop.example".to_owned()];
    store.ensure_bucket(PROJECT, &origins).await.unwrap();
    store
}
