//! A server that is gone, and one that accepts and then says nothing, both look dead in seconds.

use std::future::Future;
use std::time::{Duration, Instant};

use avvivo_gcp::{Environment, LocalServer};
use avvivo_ports::{
    BusError, EventBus as _, JobQueue as _, ObjectStore as _, QueueError, StoreError,
};
use tokio::net::TcpListener;

use crate::clients;
use crate::contract::event_bus::{event, everything};
use crate::contract::job_queue::job;
use crate::contract::object_store::{Files, object};

/// A request handler can wait this long; nobody waits ten minutes.
const SECONDS: Duration = Duration::from_secs(10);

/// Nobody listens on the discard port.
fn gone() -> Environment {
    Environment::Local(LocalServer::at("http://127.0.0.1:9", None))
}

/// Connections are accepted by the kernel and never answered.
async fn mute() -> (TcpListener, Environment) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, Environment::Local(LocalServer::at(&url, None)))
}

async fn soon<T>(call: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let answer = call.await;
    assert!(started.elapsed() < SECONDS, "took {:?}", started.elapsed());
    answer
}

async fn looks_dead_to_the_queue(environment: &Environment) {
    let queue = clients::queue(environment, "http://127.0.0.1:9/").await;
    let job = job();
    let answer = soon(queue.enqueue(&job)).await;
    assert!(
        matches!(answer, Err(QueueError::Unavailable { .. })),
        "{answer:?}"
    );
}

async fn looks_dead_to_the_bus(environment: &Environment) {
    let bus = clients::bus(environment).await;
    let batch = vec![event("shop:1", 1), event("shop:1", 2)];
    let (answers, subscribed) = tokio::join!(
        soon(bus.publish(batch)),
        soon(bus.subscribe(everything("dead"))),
    );
    for answer in answers.into_iter().chain([subscribed.map(|_| ())]) {
        assert!(
            matches!(answer, Err(BusError::Unavailable { .. })),
            "{answer:?}"
        );
    }
}

async fn looks_dead_to_the_store(environment: &Environment) {
    let store = clients::store(environment).await;
    let path = object("a.mp4");
    let into = Files::new().path("copy");
    let (stat, list, download, delete) = tokio::join!(
        soon(store.stat(&path)),
        soon(store.list("", 1)),
        soon(store.download(&path, 1, 1, &into)),
        soon(store.delete(&path)),
    );
    for answer in [
        stat.map(|_| ()),
        list.map(|_| ()),
        download.map(|_| ()),
        delete,
    ] {
        assert!(
            matches!(answer, Err(StoreError::Unavailable { .. })),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_to_the_queue() {
    looks_dead_to_the_queue(&gone()).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_to_the_bus() {
    looks_dead_to_the_bus(&gone()).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_to_the_store() {
    looks_dead_to_the_store(&gone()).await;
}

#[tokio::test]
async fn a_mute_server_is_unavailable_to_the_queue() {
    let (_listener, environment) = mute().await;
    looks_dead_to_the_queue(&environment).await;
}

#[tokio::test]
async fn a_mute_server_is_unavailable_to_the_bus() {
    let (_listener, environment) = mute().await;
    looks_dead_to_the_bus(&environment).await;
}

#[tokio::test]
async fn a_mute_server_is_unavailable_to_the_store() {
    let (_listener, environment) = mute().await;
    looks_dead_to_the_store(&environment).await;
}
