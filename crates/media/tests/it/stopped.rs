//! Work that is withdrawn or takes too long: no process and no file is left.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_kernel::{ErrorKind, Fault};
use avvivo_media::{EditSpec, Isolation, Limits, Settings, Transcoder, VideoPlan};
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{QUICK_H264, folder, landscape, made},
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
    let out = folder();
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
    let out = folder();
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
    let out = folder();
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
    let out = folder();
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
    let out = folder();
    let refused = transcoder
        .render_video(&plan, out.path(), |_| panic!("listener"), &cancel)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "media.tool");
    assert_nothing_is_left(out.path());
}

/// A script that stands in for ffmpeg, and a transcoder that runs it.
async fn scripted(folder: &Path, script: &str, limits: Limits) -> Transcoder {
    let ffmpeg = folder.join("ffmpeg");
    fs::write(&ffmpeg, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&ffmpeg, fs::Permissions::from_mode(0o755)).unwrap();
    let settings = Settings {
        ffmpeg,
        limits,
        ..Settings::default()
    };
    Transcoder::start(settings).await.unwrap()
}

async fn planned(transcoder: &Transcoder) -> VideoPlan {
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&landscape(), &cancel).await.unwrap();
    VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap()
}

/// Starts a child that only the group's end ends: it holds none of our pipes, and nobody waits for it.
const WITH_A_CHILD: &str = "bash -c 'sleep 60; :' \"$@\" >/dev/null 2>&1 & sleep 60";

#[tokio::test]
async fn cancelling_ends_what_the_process_started() {
    let (tools, out) = (folder(), folder());
    let transcoder = scripted(tools.path(), WITH_A_CHILD, Limits::default()).await;
    let plan = planned(&transcoder).await;
    let cancel = CancellationToken::new();
    let at_work = async {
        wait_for("the child", || processes(out.path()).len() == 2).await;
        cancel.cancel();
    };
    let (refused, ()) = tokio::join!(
        transcoder.render_video(&plan, out.path(), |_| {}, &cancel),
        at_work
    );
    assert_eq!(refused.unwrap_err().code(), "media.cancelled");
    wait_for("the child's end", || processes(out.path()).is_empty()).await;
}

#[tokio::test]
async fn the_deadline_ends_what_the_process_started() {
    let (tools, out) = (folder(), folder());
    let limits = Limits {
        render_wall: Duration::from_secs(2),
        ..Limits::default()
    };
    let transcoder = scripted(tools.path(), WITH_A_CHILD, limits).await;
    let plan = planned(&transcoder).await;
    let cancel = CancellationToken::new();
    let (refused, ()) = tokio::join!(
        transcoder.render_video(&plan, out.path(), |_| {}, &cancel),
        wait_for("the child", || processes(out.path()).len() == 2)
    );
    assert_eq!(refused.unwrap_err().code(), "media.timed_out");
    wait_for("the child's end", || processes(out.path()).is_empty()).await;
}

#[tokio::test]
async fn a_crash_is_the_files_fault_and_a_kill_is_not() {
    for (signal, code) in [("SEGV", "media.damaged"), ("KILL", "media.killed")] {
        let (tools, out) = (folder(), folder());
        let script = format!("kill -{signal} $$");
        let transcoder = scripted(tools.path(), &script, Limits::default()).await;
        let plan = planned(&transcoder).await;
        let ended = transcoder
            .render_video(&plan, out.path(), |_| {}, &CancellationToken::new())
            .await;
        assert_eq!(ended.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn an_output_that_is_a_link_is_no_output() {
    let (tools, out) = (folder(), folder());
    let script = "for last; do :; done; cd \"$(dirname \"${last#file:}\")\" && ln -s /etc/passwd video.mp4 && \
        ln -s /etc/passwd thumbnail.jpg; echo 'frame=   30 fps=30 q=2.0 size=1kB time=00:00:01.00 bitrate=1kbits/s speed=1x' >&2";
    let transcoder = scripted(tools.path(), script, Limits::default()).await;
    let plan = planned(&transcoder).await;
    let ended = transcoder
        .render_video(&plan, out.path(), |_| {}, &CancellationToken::new())
        .await;
    assert_eq!(ended.unwrap_err().code(), "media.damaged");
    assert_nothing_is_left(out.path());
}

/// At a desk less may be all there is; where this project is checked, it is not.
#[tokio::test]
async fn isolation_is_complete_in_ci_and_never_leaves_root_root() {
    let found = transcoder().await.isolation();
    let is_root = rustix::process::geteuid().is_root();
    let complete = if is_root {
        Isolation::NoNetwork
    } else {
        Isolation::NoNetworkAsUser
    };
    if std::env::var_os("CI").is_some() {
        assert_eq!(found, complete);
    }
    assert_eq!(found.guest().is_some(), is_root);
}
