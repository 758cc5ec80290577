//! Sources that are published as they are.

use serde_json::json;

use crate::{
    fixtures::{folder, made},
    inspect::{checksum, seconds, starts_at_once, stream, tags},
    render,
};

/// A second of exactly what a render makes, with the index at the end and a place in its metadata.
fn ready() -> std::path::PathBuf {
    made(
        "ready.mp4",
        "-f lavfi -i testsrc2=s=1080x1920:r=30:d=1 -f lavfi -i sine=d=1:r=48000 -c:v libx264 -preset ultrafast -profile:v high \
         -level 4.0 -crf 40 -pix_fmt yuv420p -c:a aac -b:a 96k -metadata location=-34.6+58.4/",
    )
}

#[tokio::test]
async fn a_source_that_is_ready_keeps_every_packet() {
    let out = folder();
    let source = ready();
    let reel = render(&source, json!({"fit": "cover"}), None, out.path()).await;
    assert!(reel.copied);
    assert_eq!(checksum(&reel.video, "v"), checksum(&source, "v"));
    assert_eq!(checksum(&reel.video, "a"), checksum(&source, "a"));
    assert!(starts_at_once(&reel.video) && !starts_at_once(&source));
    assert!(!tags(&reel.video).to_string().contains("34.6"));
    let thumbnail = stream(&reel.thumbnail, "v");
    assert_eq!(
        [&thumbnail["width"], &thumbnail["height"]],
        [&json!(720), &json!(1280)]
    );
}

#[tokio::test]
async fn an_edit_ends_copying() {
    let out = folder();
    let trimmed = json!({"videoTrim": {"startSec": 0, "durationSec": 0.5}});
    let reel = render(&ready(), trimmed, None, out.path()).await;
    assert!(!reel.copied);
    // The sound was fine as it was, only shorter.
    assert!(checksum(&reel.video, "a") != checksum(&ready(), "a"));
    assert_eq!(stream(&reel.video, "v")["nb_read_frames"], "15");
}

/// What was cut from another file without encoding it again starts with frames that are not to be seen.
#[tokio::test]
async fn hidden_frames_end_copying() {
    let source = made(
        "lead-in.mp4",
        &format!("-ss 0.5 -i {} -c copy", ready().display()),
    );
    let out = folder();
    let reel = render(&source, json!({}), None, out.path()).await;
    assert!(!reel.copied);
    assert_eq!(stream(&reel.video, "v")["nb_read_frames"], "15");
    assert!((seconds(&reel.video, "a") - 0.5).abs() < 0.05);
}

#[tokio::test]
async fn sound_that_outlasts_the_picture_ends_copying() {
    let source = made(
        "long-tail.mp4",
        "-f lavfi -i testsrc2=s=1080x1920:r=30:d=1 -f lavfi -i sine=d=1.5:r=48000 -c:v libx264 -preset ultrafast \
         -profile:v high -level 4.0 -crf 40 -pix_fmt yuv420p -c:a aac -b:a 96k",
    );
    let out = folder();
    let reel = render(&source, json!({}), None, out.path()).await;
    assert!(!reel.copied);
    assert!(seconds(&reel.video, "a") < 1.1);
}
