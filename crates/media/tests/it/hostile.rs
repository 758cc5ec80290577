//! Files that mean harm, or are none: each a clear end, nothing opened besides, nothing left.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use avvivo_kernel::Fault;
use avvivo_media::{EditSpec, Limits, VideoPlan};
use rustix::fs::inotify;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{QUICK_H264, folder, landscape, made},
    limited, probe, transcoder,
};

fn written(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = folder();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

async fn refusal(path: &Path) -> &'static str {
    probe(path).await.unwrap_err().code()
}

async fn image_refusal(path: &Path) -> &'static str {
    transcoder()
        .await
        .probe_image(path, &CancellationToken::new())
        .await
        .unwrap_err()
        .code()
}

/// What a render of a source that passes the probe ends with, under other limits.
async fn render_refusal(source: &Path, limits: Limits) -> &'static str {
    let transcoder = limited(limits).await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(source, &cancel).await.unwrap();
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits()).unwrap();
    let out = folder();
    let refused = transcoder
        .render_video(&plan, out.path(), |_| {}, &cancel)
        .await
        .unwrap_err();
    assert_eq!(
        fs::read_dir(out.path()).unwrap().count(),
        0,
        "nothing is left"
    );
    refused.code()
}

#[tokio::test]
async fn a_text_is_no_video_and_no_photo() {
    let (_folder, path) = written("reel.mp4", "esto no es un video\n".repeat(100));
    assert_eq!(refusal(&path).await, "media.not_a_video");
    assert_eq!(image_refusal(&path).await, "media.not_an_image");
}

#[tokio::test]
async fn a_truncated_video_is_named_so_wherever_its_index_is() {
    let at_end = fs::read(landscape()).unwrap();
    let (_folder, path) = written("reel.mp4", &at_end[..at_end.len() / 2]);
    assert_eq!(refusal(&path).await, "media.truncated");
    let index_first = made(
        "index-first.mp4",
        &format!("-f lavfi -i testsrc2=s=180x320:d=1 {QUICK_H264} -movflags +faststart"),
    );
    let whole = fs::read(index_first).unwrap();
    let (_folder, path) = written("reel.mp4", &whole[..whole.len() - 1000]);
    assert_eq!(refusal(&path).await, "media.truncated");
    let (_folder, path) = written("reel.mp4", "");
    assert_eq!(refusal(&path).await, "media.truncated");
}

#[tokio::test]
async fn four_hours_are_refused_at_once() {
    let source = made(
        "four-hours.mp4",
        &format!("-f lavfi -i color=s=32x32:r=1/60:d=14400 {QUICK_H264}"),
    );
    let started = Instant::now();
    assert_eq!(refusal(&source).await, "media.too_long");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn playlists_lead_nowhere() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = folder();
    let secret = folder.path().join("secret.mp4");
    fs::copy(landscape(), &secret).unwrap();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, &secret, inotify::WatchFlags::OPEN).unwrap();

    let url = format!("http://127.0.0.1:{port}/internal");
    let file = secret.display();
    for playlist in [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{url}\n#EXTINF:4,\n{file}\n#EXT-X-ENDLIST\n"
        ),
        format!("ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n"),
        format!("<MPD><BaseURL>{url}</BaseURL></MPD>"),
        format!("v=0\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n"),
    ] {
        let path = folder.path().join("reel.mp4");
        fs::write(&path, &playlist).unwrap();
        assert_eq!(refusal(&path).await, "media.not_a_video", "{playlist}");
        assert_eq!(
            image_refusal(&path).await,
            "media.not_an_image",
            "{playlist}"
        );
    }
    assert!(listener.accept().is_err(), "nobody called");
    let mut buffer = [std::mem::MaybeUninit::uninit(); 512];
    assert!(
        inotify::Reader::new(&watch, &mut buffer).next().is_err(),
        "nobody read the secret"
    );
}

#[tokio::test]
async fn image_bombs_are_refused_unopened() {
    let mut bomb =
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xff\xff\0\0\xff\xff\x08\x06\0\0\0".to_vec();
    bomb.extend([0; 400]);
    let (_folder, path) = written("photo.png", bomb);
    assert_eq!(image_refusal(&path).await, "media.too_many_pixels");
    let (_folder, path) = written(
        "photo.jpg",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03",
    );
    assert_eq!(image_refusal(&path).await, "media.too_many_pixels");
}

#[tokio::test]
async fn a_video_of_too_many_pixels_is_refused() {
    let source = made(
        "huge.mp4",
        "-f lavfi -i color=s=4098x64:r=5:d=0.4 -c:v mpeg4",
    );
    assert_eq!(refusal(&source).await, "media.too_many_pixels");
}

#[tokio::test]
async fn too_many_streams_are_refused_however_many() {
    let sounds = "-map 1 ".repeat(12);
    let source = made(
        "thirteen.mp4",
        &format!(
            "-f lavfi -i color=s=32x32:d=0.2 -f lavfi -i sine=d=0.2 -map 0 {sounds} {QUICK_H264} -c:a aac"
        ),
    );
    assert_eq!(refusal(&source).await, "media.too_many_streams");
    let source = landscape();
    let transcoder = limited(Limits {
        probe_output_bytes: 100,
        ..Limits::default()
    })
    .await;
    let refused = transcoder
        .probe_video(&source, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "media.too_many_streams");
}

#[tokio::test]
async fn sound_alone_is_no_video() {
    let source = made("sound.mp4", "-f lavfi -i sine=d=1 -c:a aac");
    assert_eq!(refusal(&source).await, "media.not_a_video");
}

#[tokio::test]
async fn codecs_outside_the_list_are_refused() {
    let source = made("qtrle.mov", "-f lavfi -i color=s=32x32:d=0.2 -c:v qtrle");
    assert_eq!(refusal(&source).await, "media.unsupported");
}

#[tokio::test]
async fn a_file_above_the_limit_is_not_even_opened_by_a_tool() {
    let transcoder = limited(Limits {
        video_bytes: 1000,
        ..Limits::default()
    })
    .await;
    let refused = transcoder
        .probe_video(&landscape(), &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "media.too_large");
    assert_eq!(
        refused.public_message(),
        "El archivo pesa 1 MB y el máximo es 0 MB. Subí una versión más liviana."
    );
}

#[tokio::test]
async fn content_that_is_noise_is_damaged() {
    let mut bytes = fs::read(landscape()).unwrap();
    let content = bytes
        .windows(4)
        .position(|window| window == b"mdat")
        .unwrap()
        + 4;
    let end = bytes
        .windows(4)
        .position(|window| window == b"moov")
        .unwrap()
        - 4;
    for (offset, byte) in bytes[content..end].iter_mut().enumerate() {
        *byte = u8::try_from(offset * 37 % 251).unwrap();
    }
    let (_folder, path) = written("reel.mp4", bytes);
    let refused = match probe(&path).await {
        Ok(_) => render_refusal(&path, Limits::default()).await,
        Err(refused) => refused.code(),
    };
    assert_eq!(refused, "media.damaged");
}

#[tokio::test]
async fn a_source_that_costs_too_much_is_too_heavy() {
    let heavy = made(
        "heavy.mp4",
        &format!("-f lavfi -i mandelbrot=s=640x360:r=30 -t 8 {QUICK_H264}"),
    );
    let cases = [
        Limits {
            render_cpu: Duration::from_secs(1),
            ..Limits::default()
        },
        Limits {
            output_bytes: 20_000,
            ..Limits::default()
        },
        Limits {
            memory_bytes: 300 * 1024 * 1024,
            ..Limits::default()
        },
    ];
    for limits in cases {
        assert_eq!(
            render_refusal(&heavy, limits.clone()).await,
            "media.too_heavy",
            "{limits:?}"
        );
    }
}

#[tokio::test]
async fn no_editor_state_makes_a_render_fail() {
    let state = json!({
        "fit": 3, "mediaTransforms": "x", "mediaBackground": [], "videoTrim": {"startSec": -1e300, "durationSec": 1e300},
        "stickers": [{"text": "'; drop"}], "renderOverlayUrl": {"a": 1},
    });
    let out = folder();
    let reel = crate::render(&landscape(), state, None, out.path()).await;
    assert!(reel.video_bytes > 0);
}
