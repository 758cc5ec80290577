//! Sources made by ffmpeg, once, and kept where ffmpeg gets to, whoever it runs as: the build may lie in somebody's home.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::{Builder, TempDir};

/// The x264 options of a quick source.
pub(crate) const QUICK_H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// A folder that goes away, and that ffmpeg gets into.
pub(crate) fn folder() -> TempDir {
    Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// The file `name`, made by ffmpeg with `arguments` (split at spaces) unless it is there. Tests run in processes of
/// their own, so it is made under another name and then moved: two may make it, none sees half of it.
pub(crate) fn made(name: &str, arguments: &str) -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("avvivo-media-v1-{user}"));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    if !path.exists() {
        let making = tempfile::tempdir_in(&folder).unwrap();
        let part = making.path().join(name);
        let status = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y"])
            .args(arguments.split_whitespace())
            .arg(&part)
            .status()
            .unwrap();
        assert!(status.success(), "{name}");
        fs::rename(&part, &path).unwrap();
    }
    path
}

/// One second of moving colours with sound, and with the place where it was filmed.
pub(crate) fn landscape() -> PathBuf {
    made(
        "landscape.mp4",
        &format!(
            "-f lavfi -i testsrc2=s=640x360:r=30:d=1 -f lavfi -i sine=d=1:r=48000 {QUICK_H264} -c:a aac -b:a 96k \
             -metadata location=-34.6+58.4/ -metadata title=casa -movflags +use_metadata_tags"
        ),
    )
}

/// Left half red, right half blue, no sound, at `rate`.
pub(crate) fn halves(name: &str, width: u32, height: u32, seconds: &str, rate: u32) -> PathBuf {
    let half = width / 2;
    made(
        name,
        &format!(
            "-f lavfi -i color=red:s={half}x{height}:r={rate}:d={seconds} \
             -f lavfi -i color=blue:s={half}x{height}:r={rate}:d={seconds} \
             -filter_complex [0][1]hstack,format=yuv420p {QUICK_H264} -qp 10"
        ),
    )
}

/// A copy of `source` in `folder` whose first track is shown through the matrix `[a, b, c, d]`, as phones write it.
pub(crate) fn turned(source: &Path, folder: &Path, matrix: [i32; 4]) -> PathBuf {
    let mut bytes = fs::read(source).unwrap();
    let header = bytes
        .windows(4)
        .position(|window| window == b"tkhd")
        .unwrap();
    // Version 0 of the track header: the matrix follows 44 bytes after its name, in rows of three.
    let start = header + 44;
    let [a, b, c, d] = matrix.map(|cell| (cell << 16).to_be_bytes());
    for (cell, value) in [(0, a), (1, b), (3, c), (4, d)] {
        bytes[start + 4 * cell..start + 4 * cell + 4].copy_from_slice(&value);
    }
    let path = folder.join("turned.mp4");
    fs::write(&path, bytes).unwrap();
    path
}
