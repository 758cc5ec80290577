//! Looking at outputs as a player would.

use std::{path::Path, process::Command};

use serde_json::Value;

/// The first stream of a kind (`v` or `a`) with its frames counted, by ffprobe.
pub(crate) fn stream(path: &Path, kind: &str) -> Value {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-count_frames",
            "-show_streams",
            "-select_streams",
            kind,
        ])
        .arg(path)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["streams"][0].clone()
}

/// How long a stream of a kind lasts.
pub(crate) fn seconds(path: &Path, kind: &str) -> f64 {
    stream(path, kind)["duration"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Everything the container says about itself.
pub(crate) fn tags(path: &Path) -> Value {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-show_entries",
            "format_tags:stream_tags",
        ])
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The packets' checksum of a stream of a kind.
pub(crate) fn checksum(path: &Path, kind: &str) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args([
            "-map",
            &format!("0:{kind}"),
            "-c",
            "copy",
            "-f",
            "streamhash",
            "-",
        ])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether the index comes before the content.
pub(crate) fn starts_at_once(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let at = |name: &[u8]| bytes.windows(4).position(|window| window == name).unwrap();
    at(b"moov") < at(b"mdat")
}

/// The pixels of the frame at `at` seconds, of the part `crop` (`w:h:x:y`), scaled to 8x8, as red, green, blue.
fn pixels(path: &Path, at: &str, crop: &str) -> Vec<[u8; 3]> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error"])
        // A still image cannot be sought.
        .args(if at == "0" { vec![] } else { vec!["-ss", at] })
        .arg("-i")
        .arg(path)
        .args([
            "-vf",
            &format!("crop={crop},scale=8:8:flags=area"),
            "-frames:v",
            "1",
        ])
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .unwrap();
    assert_eq!(
        output.stdout.len(),
        192,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
        .stdout
        .chunks_exact(3)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

/// The average colour of a part of the frame at `at` seconds.
pub(crate) fn colour(path: &Path, at: &str, crop: &str) -> [u8; 3] {
    let pixels = pixels(path, at, crop);
    [0, 1, 2].map(|channel| {
        let sum: u32 = pixels.iter().map(|pixel| u32::from(pixel[channel])).sum();
        u8::try_from(sum / 64).unwrap()
    })
}

/// The distance between the darkest and the brightest green of a part: 0 is flat.
pub(crate) fn contrast(path: &Path, at: &str, crop: &str) -> u8 {
    let greens = pixels(path, at, crop).into_iter().map(|pixel| pixel[1]);
    greens.clone().max().unwrap() - greens.min().unwrap()
}

/// Asserts that a colour is another within what encoding changes.
#[track_caller]
pub(crate) fn assert_near(found: [u8; 3], wanted: [u8; 3], slack: u8) {
    let near = found
        .iter()
        .zip(wanted)
        .all(|(found, wanted)| found.abs_diff(wanted) <= slack);
    assert!(near, "{found:?} is not near {wanted:?}");
}

/// Whether most frames look like one moment's, and not like lines of two.
pub(crate) fn idet_says_progressive(path: &Path) -> bool {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-i"])
        .arg(path)
        .args(["-vf", "idet", "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let line = said
        .lines()
        .find(|line| line.contains("Multi frame detection"))
        .unwrap();
    let count = |name: &str| {
        let (_, after) = line.split_once(name).unwrap();
        after
            .split_whitespace()
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    count("Progressive:") > count("TFF:")
}
