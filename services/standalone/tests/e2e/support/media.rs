//! What people upload: made by ffmpeg once a checkout, or by hand where no encoder would.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, Crc, write::ZlibEncoder};

/// A file on a phone.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

fn video(bytes: Vec<u8>) -> Media {
    Media {
        name: "desfile.mp4",
        content_type: "video/mp4",
        bytes,
    }
}

/// A second with sound.
pub(crate) fn short_video() -> Media {
    video(read("short-v1.mp4", &moving("640x360", 1)))
}

/// Full HD that has to be scaled and encoded: long enough to be caught at it.
pub(crate) fn heavy_video() -> Media {
    video(read("heavy-v1.mp4", &moving("1920x1080", 4)))
}

/// Words that claim to be a video.
pub(crate) fn text() -> Media {
    video(b"Esto no es un video. ".repeat(100))
}

/// A video whose second half never arrived.
pub(crate) fn truncated() -> Media {
    let mut cut = short_video();
    cut.bytes.truncate(cut.bytes.len() / 2);
    cut
}

/// Four hours of darkness, a frame a second.
pub(crate) fn four_hours() -> Media {
    let arguments = words(&[
        "-f",
        "lavfi",
        "-i",
        "color=black:size=64x64:rate=1:duration=14400",
    ]);
    video(read("four-hours-v1.mp4", &[arguments, encoding()].concat()))
}

/// A playlist that claims to be a video and names `url`.
pub(crate) fn playlist(url: &str) -> Media {
    let lines = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n";
    video(format!("{lines}{url}/segment.ts\n#EXT-X-ENDLIST\n").into_bytes())
}

/// A PNG of thirty kilobytes that becomes a gigabyte when it is decoded with colours.
pub(crate) fn bomb() -> Media {
    const SIDE: u32 = 16_000;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // One bit of grey a pixel, no filter, no interlacing.
    header.extend([1, 0, 0, 0, 0]);
    chunk(&mut bytes, *b"IHDR", &header);
    let row = vec![0; 1 + usize::try_from(SIDE).unwrap() / 8];
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..SIDE {
        pixels.write_all(&row).unwrap();
    }
    chunk(&mut bytes, *b"IDAT", &pixels.finish().unwrap());
    chunk(&mut bytes, *b"IEND", &[]);
    Media {
        name: "foto.png",
        content_type: "image/png",
        bytes,
    }
}

/// Length, name, content, checksum of the last two.
fn chunk(png: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    png.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    png.extend(name);
    png.extend(content);
    png.extend(sum.sum().to_be_bytes());
}

fn moving(size: &str, seconds: u32) -> Vec<String> {
    let picture = format!("testsrc2=size={size}:rate=30:duration={seconds}");
    let sound = format!("sine=frequency=440:duration={seconds}");
    let inputs = words(&["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound]);
    [inputs, words(&["-c:a", "aac"]), encoding()].concat()
}

/// With the index first, so that what is cut off is picture and not index.
fn encoding() -> Vec<String> {
    let quick = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
    ];
    words(&[&quick[..], &["-movflags", "+faststart"]].concat())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn read(name: &str, arguments: &[String]) -> Vec<u8> {
    fs::read(make(name, arguments)).unwrap()
}

/// Makes `name` unless it is there. Tests are processes of their own, so it appears by a rename, whole.
fn make(name: &str, arguments: &[String]) -> PathBuf {
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
