//! Work that is withdrawn or takes too long: no process and no file is left.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_kernel::{ErrorKind, Fault};
use avvivo_media::{EditSpec, Isolation, Limits, VideoPlan};
use tempfile::tempdir;
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{QUICK_H264, landscape, made},
    limited, transcoder,
};

/// Ten seconds that take several to render.
fn long() -> PathBuf {
    made(
        "long.mp4",
        &format!("-f lavfi -i testsrc2=s=640x360:r=30:d=10 {QUICK_H264}"),
    )
}

/// The processes that were told about `folder`.
fn processes(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.contains(&name))
        .collect()
}

async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .is_ok(),
        "waited for {what}"
    );
}

#[track_caller]
fn assert_nothing_is_left(folder: &Path) {
    assert_eq!(processes(folder), Vec::<String>::new());
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test]
async fn cancelling_ends_the_process_before_the_call_returns() {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&long(), &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = tempdir().unwrap();
    let at_work = async {
        wait_for("the first bytes", || out.path().join("video.mp4").exists()).await;
        assert_eq!(processes(out.path()).len(), 1, "one process a video");
        cancel.cancel();
    };
    let (refused, ()) = tokio::join!(
        transcoder.render_video(&plan, out.path(), |_| {}, &cancel),
        at_work
    );
    assert_eq!(refused.unwrap_err().code(), "media.cancelled");
    assert_nothing_is_left(out.path());
}

#[tokio::test]
async fn dropping_the_render_ends_the_process_too() {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&long(), &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = tempdir().unwrap();
    tokio::select! {
        _ = transcoder.render_video(&plan, out.path(), |_| {}, &cancel) => {}
        () = wait_for("the first bytes", || out.path().join("video.mp4").exists()) => {}
    }
    wait_for("the end of the process", || {
        processes(out.path()).is_empty()
    })
    .await;
    assert_nothing_is_left(out.path());
}

#[tokio::test]
async fn the_deadline_is_a_transient_fault() {
    let transcoder = limited(Limits {
        render_wall: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&long(), &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = tempdir().unwrap();
    let refused = transcoder
        .render_video(&plan, out.path(), |_| {}, &cancel)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refused.kind()),
        ("media.timed_out", ErrorKind::Timeout)
    );
    assert_nothing_is_left(out.path());
}

#[tokio::test]
async fn a_cancelled_probe_says_so() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let refused = transcoder().await.probe_video(&landscape(), &cancel).await;
    assert_eq!(refused.unwrap_err().code(), "media.cancelled");
}

#[tokio::test]
async fn progress_rises_to_a_hundred() {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&landscape(), &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = tempdir().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let listen = move |percent| ear.lock().unwrap().push(percent);
    transcoder
        .render_video(&plan, out.path(), listen, &cancel)
        .await
        .unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
    assert!(
        heard.last().is_some_and(|&percent| percent >= 95),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_listener_that_panics_leaves_no_process() {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&long(), &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = tempdir().unwrap();
    let refused = transcoder
        .render_video(&plan, out.path(), |_| panic!("listener"), &cancel)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "media.tool");
    assert_nothing_is_left(out.path());
}

#[tokio::test]
async fn isolation_is_the_strongest_that_root_has() {
    let expected = if rustix::process::geteuid().is_root() {
        Isolation::NoNetwork
    } else {
        Isolation::NoNetworkAsUser
    };
    let found = transcoder().await.isolation();
    assert!(
        found == expected || found == Isolation::NoNewPrivileges,
        "{found:?}"
    );
}
