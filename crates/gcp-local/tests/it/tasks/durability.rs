//! What a `kill -9` of the real binary leaves behind: everything that was acknowledged.

use std::path::Path;
use std::process::Stdio;

use google_cloud_tasks_v2::client::CloudTasks;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::bench::{client, create_queue, refusal, task};
use super::target::{Reply, Target};

/// The binary with its data in `folder`, and a client for it.
async fn start(folder: &Path) -> (Child, CloudTasks) {
    start_behind(folder, "").await
}

/// The same on a host that names a proxy.
async fn start_behind(folder: &Path, proxy: &str) -> (Child, CloudTasks) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gcp-local"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder)
        .env("http_proxy", proxy)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("its output");
    let line = BufReader::new(stdout)
        .lines()
        .next_line()
        .await
        .expect("readable")
        .expect("a line");
    let url = line.rsplit(' ').next().expect("the address").to_owned();
    let client = client(&url).await;
    (child, client)
}

async fn kill_9(mut child: Child) {
    child.kill().await.expect("SIGKILL");
}

#[tokio::test]
async fn queues_tasks_and_taken_names_survive_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = Target::willing().await;
    let (server, tasks) = start(folder.path()).await;
    let queue = create_queue(&tasks, "work", |queue| queue).await;
    tasks
        .pause_queue()
        .set_name(&queue)
        .send()
        .await
        .expect("paused");
    let named = |id: &str| task(&target.url, id).set_name(format!("{queue}/tasks/{id}"));
    for id in ["kept", "deleted"] {
        tasks
            .create_task()
            .set_parent(&queue)
            .set_task(named(id))
            .send()
            .await
            .expect("created");
    }
    tasks
        .delete_task()
        .set_name(format!("{queue}/tasks/deleted"))
        .send()
        .await
        .expect("deleted");
    kill_9(server).await;

    let (_server, tasks) = start(folder.path()).await;
    for id in ["kept", "deleted"] {
        assert_eq!(
            refusal(
                tasks
                    .create_task()
                    .set_parent(&queue)
                    .set_task(named(id))
                    .send()
                    .await
            ),
            409,
            "{id}"
        );
    }
    assert!(target.calls().is_empty(), "the queue is still paused");
    tasks
        .resume_queue()
        .set_name(&queue)
        .send()
        .await
        .expect("resumed");
    assert_eq!(target.arrived(1).await[0].body.as_ref(), b"kept");
}

#[tokio::test]
async fn an_attempt_in_flight_at_kill_9_is_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = Target::start(|call| match call.count("x-cloudtasks-taskretrycount") {
        0 => Reply::Held,
        _ => Reply::Status(200),
    })
    .await;
    let (server, tasks) = start(folder.path()).await;
    let queue = create_queue(&tasks, "work", |queue| queue).await;
    tasks
        .create_task()
        .set_parent(&queue)
        .set_task(task(&target.url, "again"))
        .send()
        .await
        .expect("created");
    target.arrived(1).await;
    // The count of attempts is written while the request is under way; a call that has to wait its
    // turn behind that write shows that it is done.
    tasks
        .pause_queue()
        .set_name(&queue)
        .send()
        .await
        .expect("paused");
    tasks
        .resume_queue()
        .set_name(&queue)
        .send()
        .await
        .expect("resumed");
    kill_9(server).await;

    let (_server, _tasks) = start(folder.path()).await;
    let again = target.arrived(2).await.remove(1);
    assert_eq!(again.body.as_ref(), b"again");
    assert_eq!(
        again.count("x-cloudtasks-taskretrycount"),
        1,
        "the lost attempt counts"
    );
}

#[tokio::test]
async fn a_proxy_of_the_host_is_not_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = Target::willing().await;
    let proxy = Target::willing().await;
    let (server, tasks) = start_behind(folder.path(), &proxy.url).await;
    let queue = create_queue(&tasks, "work", |queue| queue).await;
    tasks
        .create_task()
        .set_parent(&queue)
        .set_task(task(&target.url, "direct"))
        .send()
        .await
        .expect("created");
    target.arrived(1).await;
    assert!(proxy.calls().is_empty());
    kill_9(server).await;
}
