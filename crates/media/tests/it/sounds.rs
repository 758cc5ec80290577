//! Sounds of cameras, recorders and converters.

use std::fs;

use avvivo_kernel::Fault as _;
use serde_json::json;

use crate::{
    fixtures::{QUICK_H264, folder, made},
    inspect::{seconds, stream},
    probe, render,
};

#[tokio::test]
async fn sound_of_every_listed_kind_is_encoded_anew() {
    for codec in [
        "pcm_s24le",
        "pcm_s32le",
        "pcm_f32be",
        "pcm_alaw",
        "pcm_mulaw",
        "mp2",
        "adpcm_ima_qt",
        "adpcm_ms",
        "libvorbis",
    ] {
        // QuickTime holds them all but one.
        let container = if codec == "libvorbis" { "mp4" } else { "mov" };
        let source = made(
            &format!("sound-{codec}.{container}"),
            &format!(
                "-f lavfi -i color=red:s=180x320:r=10:d=0.5 -f lavfi -i sine=d=0.5:r=44100 {QUICK_H264} -c:a {codec}"
            ),
        );
        let out = folder();
        let reel = render(&source, json!({}), None, out.path()).await;
        let sound = stream(&reel.video, "a");
        assert_eq!(sound["codec_name"], "aac", "{codec}");
        assert!((seconds(&reel.video, "a") - 0.5).abs() < 0.05, "{codec}");
    }
}

/// The name of what is refused is for the log; people read what to do about it.
#[tokio::test]
async fn sound_that_is_not_listed_is_named() {
    let source = made(
        "sound-dts.mov",
        &format!(
            "-f lavfi -i color=red:s=180x320:r=10:d=0.5 -f lavfi -i sine=d=0.5:r=48000 {QUICK_H264} -ac 2 -c:a pcm_s16le"
        ),
    );
    // No muxer here writes a sound that we do not list into this container, so one is renamed to it.
    let mut bytes = fs::read(source).unwrap();
    let name = bytes
        .windows(4)
        .rposition(|window| window == b"sowt")
        .unwrap();
    bytes[name..name + 4].copy_from_slice(b"DTS ");
    let folder = folder();
    let path = folder.path().join("reel.mov");
    fs::write(&path, bytes).unwrap();
    let refused = probe(&path).await.unwrap_err();
    assert_eq!(refused.to_string(), "unsupported: dca");
    assert!(refused.public_message().contains("sonido AAC"));
}
