//! What a person with a browser sees.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::support::{chromium, platform::Platform};

/// Eleven endpoints for reels, two for their files.
const REEL_PATHS: [&str; 11] = [
    "/reels",
    "/reels/showcase",
    "/reels/admin",
    "/reels/shop/{shopId}",
    "/reels/{id}",
    "/reels/{id}/status",
    "/reels/{id}/hide",
    "/reels/{id}/reactivate",
    "/reels/{id}/view",
    "/storage/reels/upload-url",
    "/storage/reels/confirm",
];
/// A cold browser on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

pub(crate) async fn a_browser_shows_the_interface(platform: &Platform) {
    let docs = format!("{}/docs", platform.base_url());
    let picture = platform.data().join("docs.png");
    let profile = tempfile::tempdir().unwrap();

    let page = browse(profile.path(), &["--dump-dom", &docs]).await;
    for path in REEL_PATHS {
        let shown = format!("data-path=\"{path}\"");
        assert!(page.contains(&shown), "{path} is not on the page:\n{page}");
    }
    let target = format!("--screenshot={}", picture.display());
    browse(profile.path(), &["--window-size=1200,1600", &target, &docs]).await;
    let png = std::fs::read(&picture).unwrap();
    // An empty page of this size has a few kilobytes.
    assert!(
        png.starts_with(b"\x89PNG") && png.len() > 20_000,
        "{} bytes",
        png.len()
    );
}

async fn browse(profile: &Path, arguments: &[&str]) -> String {
    let running = Command::new(chromium::program())
        .args(chromium::SWITCHES)
        .arg(format!("--user-data-dir={}", profile.display()))
        // Until the page has nothing more to do, or this much of its own time has passed.
        .arg("--virtual-time-budget=20000")
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, running).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
