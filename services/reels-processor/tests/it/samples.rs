//! Media to render, made by ffmpeg once a checkout.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Two seconds with sound; rendered in about two more.
pub(crate) fn short_video() -> PathBuf {
    video("short-v1.mp4", "640x360", 2)
}

/// Six seconds of full HD that have to be scaled, blurred and encoded: long enough to be caught at it.
pub(crate) fn heavy_video() -> PathBuf {
    video("heavy-v1.mp4", "1920x1080", 6)
}

/// Longer than a reel may be.
pub(crate) fn long_video() -> PathBuf {
    video("long-v1.mp4", "160x90", 20)
}

/// A landscape photo.
pub(crate) fn photo() -> PathBuf {
    let input = ["-f", "lavfi", "-i", "testsrc2=size=800x600:duration=1"];
    make("photo-v1.jpg", &[&input[..], &["-frames:v", "1"]].concat())
}

/// A half transparent band.
pub(crate) fn overlay() -> PathBuf {
    let input = [
        "-f",
        "lavfi",
        "-i",
        "color=red@0.5:size=1080x1920:duration=1,format=rgba",
    ];
    make(
        "overlay-v1.png",
        &[&input[..], &["-frames:v", "1"]].concat(),
    )
}

fn video(name: &str, size: &str, seconds: u32) -> PathBuf {
    let picture = format!("testsrc2=size={size}:rate=30:duration={seconds}");
    let sound = format!("sine=frequency=440:duration={seconds}");
    let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    let codecs = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
    ];
    make(name, &[&inputs[..], &codecs].concat())
}

/// Makes `name` unless it is there. Tests are processes of their own, so it appears by a rename, whole.
fn make(name: &str, arguments: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let made = folder.join(name);
    if made.exists() {
        return made;
    }
    let unfinished = tempfile::Builder::new().tempdir_in(folder).unwrap();
    let file = unfinished.path().join(name);
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(&file)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
    fs::rename(&file, &made).unwrap();
    made
}
