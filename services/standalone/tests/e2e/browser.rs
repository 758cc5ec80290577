//! What a person with a browser sees.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use crate::support::platform::Platform;

/// What distributions call it.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
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
    let chromium = chromium();
    let docs = format!("{}/docs", platform.base_url());
    let picture = platform.data().join("docs.png");
    let profile = tempfile::tempdir().unwrap();

    let page = browse(&chromium, profile.path(), &["--dump-dom", &docs]).await;
    for path in REEL_PATHS {
        let shown = format!("data-path=\"{path}\"");
        assert!(page.contains(&shown), "{path} is not on the page:\n{page}");
    }
    let target = format!("--screenshot={}", picture.display());
    browse(
        &chromium,
        profile.path(),
        &["--window-size=1200,1600", &target, &docs],
    )
    .await;
    let png = std::fs::read(&picture).unwrap();
    // An empty page of this size has a few kilobytes.
    assert!(
        png.starts_with(b"\x89PNG") && png.len() > 20_000,
        "{} bytes",
        png.len()
    );
}

/// The browser on the `PATH`.
fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let candidates = CHROMIUM.iter().flat_map(|name| {
        let folders = std::env::split_paths(&path).map(|folder| folder.join(name));
        folders.collect::<Vec<_>>()
    });
    let mut found = candidates.filter(|program| program.is_file());
    found.next().expect(
        "there is no chromium on the PATH, so nothing was looked at. Install it with: scripts/setup test",
    )
}

async fn browse(chromium: &Path, profile: &Path, arguments: &[&str]) -> String {
    let running = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
        ])
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
