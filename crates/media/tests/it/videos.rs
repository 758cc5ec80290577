//! What a rendered video is and looks like.

use std::path::Path;

use avvivo_media::{EditSpec, MediaError, Size, VideoPlan};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{QUICK_H264, folder, halves, landscape, made, turned},
    inspect::{assert_near, colour, contrast, seconds, starts_at_once, stream, tags},
    render, transcoder,
};

const RED: [u8; 3] = [253, 0, 0];
const BLUE: [u8; 3] = [0, 0, 254];

/// Asserts all that is promised about every video.
#[track_caller]
pub(crate) fn assert_is_a_reel(path: &Path, length: f64) {
    let video = stream(path, "v");
    let fields = [
        "codec_name",
        "profile",
        "level",
        "width",
        "height",
        "pix_fmt",
        "avg_frame_rate",
        "sample_aspect_ratio",
    ];
    assert_eq!(
        fields.map(|field| video[field].clone()),
        [
            json!("h264"),
            json!("High"),
            json!(40),
            json!(1080),
            json!(1920),
            json!("yuv420p"),
            json!("30/1"),
            json!("1:1")
        ]
    );
    let lasts = seconds(path, "v");
    assert!(
        (lasts - length).abs() < 0.04,
        "lasts {lasts}s, not {length}s"
    );
    assert!(starts_at_once(path));
}

#[tokio::test]
async fn landscape_becomes_a_reel_on_its_own_blur() {
    let out = folder();
    let reel = render(&landscape(), json!({}), None, out.path()).await;
    assert_is_a_reel(&reel.video, 1.0);
    assert_eq!((reel.size, reel.copied), (Size::new(1080, 1920), false));
    assert!((reel.duration.as_secs_f64() - 1.0).abs() < 0.04);
    assert_eq!(reel.video_bytes, reel.video.metadata().unwrap().len());

    let thumbnail = stream(&reel.thumbnail, "v");
    assert_eq!(
        [
            &thumbnail["codec_name"],
            &thumbnail["width"],
            &thumbnail["height"]
        ],
        [&json!("mjpeg"), &json!(720), &json!(1280)]
    );
    let sound = stream(&reel.video, "a");
    assert_eq!(
        [&sound["codec_name"], &sound["profile"]],
        [&json!("aac"), &json!("LC")]
    );
    let said = tags(&reel.video).to_string();
    assert!(!said.contains("casa") && !said.contains("34.6"), "{said}");

    // The bands are darker than the picture, but neither black nor white, and not one flat colour.
    for band in ["1080:600:0:20", "1080:600:0:1300"] {
        let average = colour(&reel.video, "0.5", band);
        assert!(
            average.iter().all(|&channel| (15..130).contains(&channel)),
            "{average:?}"
        );
        assert!(contrast(&reel.video, "0.5", band) > 20);
    }
}

#[tokio::test]
async fn blur_is_the_picture_at_its_brightness_times_what_was_meant() {
    let source = made(
        "grey.mp4",
        &format!("-f lavfi -i color=0x808080:s=320x180:r=10:d=0.5 {QUICK_H264}"),
    );
    let out = folder();
    let reel = render(
        &source,
        json!({"mediaBackground": {"mode": "blur"}}),
        None,
        out.path(),
    )
    .await;
    // 0.78 of the brightness under a veil of 42 %.
    assert_near(colour(&reel.video, "0.2", "1080:600:0:20"), [58, 58, 58], 4);
    assert_near(
        colour(&reel.video, "0.2", "1080:600:0:660"),
        [128, 128, 128],
        3,
    );
}

#[tokio::test]
async fn a_solid_background_keeps_its_colour_and_the_video_its_length() {
    let source = halves("halves-3s.mp4", 320, 180, "3", 10);
    let out = folder();
    let state = json!({"mediaBackground": {"mode": "solid", "color": "#E6007E"}});
    let reel = render(&source, state, None, out.path()).await;
    assert_is_a_reel(&reel.video, 3.0);
    for at in ["0", "2.9"] {
        assert_near(
            colour(&reel.video, at, "1080:640:0:0"),
            [0xe6, 0x00, 0x7e],
            4,
        );
        assert_near(
            colour(&reel.video, at, "1080:640:0:1280"),
            [0xe6, 0x00, 0x7e],
            4,
        );
        assert_near(colour(&reel.video, at, "400:500:40:700"), RED, 6);
        assert_near(colour(&reel.video, at, "400:500:640:700"), BLUE, 6);
    }
    assert_near(
        colour(&reel.thumbnail, "0", "720:400:0:0"),
        [0xe6, 0x00, 0x7e],
        6,
    );
}

#[tokio::test]
async fn half_a_second_is_cut_where_it_was_asked_for() {
    // Red for a second, then blue.
    let source = made(
        "red-then-blue.mp4",
        &format!(
            "-f lavfi -i color=red:s=180x320:r=30:d=1 -f lavfi -i color=blue:s=180x320:r=30:d=1 -f lavfi -i sine=d=2 \
            -filter_complex [0][1]concat=n=2[v] -map [v] -map 2 {QUICK_H264} -c:a aac"
        ),
    );
    let out = folder();
    let reel = render(
        &source,
        json!({"videoTrim": {"startSec": 1.0, "durationSec": 0.5}}),
        None,
        out.path(),
    )
    .await;
    assert_is_a_reel(&reel.video, 0.5);
    assert_near(colour(&reel.video, "0", "1080:1920:0:0"), BLUE, 6);
    assert!((seconds(&reel.video, "a") - 0.5).abs() < 0.05);
    assert!(reel.thumbnail_bytes > 0);
}

#[tokio::test]
async fn the_picture_sets_the_length_whatever_the_sound_does() {
    let with_sound = |name: &str, length: &str| {
        let arguments = format!(
            "-f lavfi -i color=red:s=180x320:r=30:d=1 -f lavfi -i sine=d={length} {QUICK_H264} -c:a pcm_s16le"
        );
        made(name, &arguments)
    };
    let out = folder();
    let reel = render(
        &with_sound("short-sound.mov", "0.3"),
        json!({}),
        None,
        out.path(),
    )
    .await;
    assert_is_a_reel(&reel.video, 1.0);
    assert!(seconds(&reel.video, "a") < 0.4);
    let reel = render(
        &with_sound("long-sound.mov", "4"),
        json!({}),
        None,
        out.path(),
    )
    .await;
    assert_is_a_reel(&reel.video, 1.0);
    assert!(seconds(&reel.video, "a") < 1.1);
}

#[tokio::test]
async fn a_silent_source_makes_a_silent_reel() {
    let out = folder();
    let reel = render(
        &halves("halves.mp4", 320, 180, "0.5", 10),
        json!({}),
        None,
        out.path(),
    )
    .await;
    assert_is_a_reel(&reel.video, 0.5);
    assert!(stream(&reel.video, "a").is_null());
}

#[tokio::test]
async fn phones_are_shown_upright_however_they_were_held() {
    let halves = halves("halves.mp4", 320, 180, "0.5", 10);
    let (top, bottom, left, right) = (
        "1080:800:0:0",
        "1080:800:0:1120",
        "500:500:0:700",
        "500:500:580:700",
    );
    let cases = [
        ([0, 1, -1, 0], (top, RED), (bottom, BLUE)),
        ([0, -1, 1, 0], (top, BLUE), (bottom, RED)),
        ([-1, 0, 0, -1], (left, BLUE), (right, RED)),
        ([-1, 0, 0, 1], (left, BLUE), (right, RED)),
        ([0, 1, 1, 0], (top, RED), (bottom, BLUE)),
    ];
    for (matrix, one, other) in cases {
        let out = folder();
        let source = turned(&halves, out.path(), matrix);
        let reel = render(&source, json!({}), None, out.path()).await;
        assert!(
            stream(&reel.video, "v")["side_data_list"].is_null(),
            "turned once, not twice"
        );
        for (place, wanted) in [one, other] {
            assert_near(colour(&reel.video, "0.2", place), wanted, 6);
        }
    }
}

#[tokio::test]
async fn fast_slow_and_unsteady_sources_all_run_at_thirty() {
    let fast = made(
        "fast.mp4",
        &format!("-f lavfi -i testsrc2=s=180x320:r=60:d=0.5 {QUICK_H264}"),
    );
    let unsteady = made(
        "unsteady.mp4",
        &format!(
            "-f lavfi -i testsrc2=s=180x320:r=30:d=1 -vf select='not(mod(n\\,7))+gt(n\\,20)' -vsync vfr {QUICK_H264}"
        ),
    );
    let out = folder();
    assert_is_a_reel(&render(&fast, json!({}), None, out.path()).await.video, 0.5);
    assert_is_a_reel(
        &render(&unsteady, json!({}), None, out.path()).await.video,
        1.0,
    );
}

#[tokio::test]
async fn odd_and_tiny_pictures_fill_the_canvas_too() {
    for (width, height) in [(35, 17), (2, 2), (320, 4)] {
        let source = made(
            &format!("tiny-{width}x{height}.mp4"),
            &format!("-f lavfi -i color=red:s={width}x{height}:r=10:d=0.5 -c:v mpeg4 -q:v 1"),
        );
        let out = folder();
        let state = json!({"mediaBackground": {"mode": "solid", "color": "00f"}});
        let reel = render(&source, state, None, out.path()).await;
        assert_is_a_reel(&reel.video, 0.5);
        assert_near(colour(&reel.video, "0.2", "1080:2:0:959"), RED, 16);
        assert_near(colour(&reel.video, "0.2", "1080:200:0:0"), BLUE, 8);
    }
}

#[tokio::test]
async fn covering_shows_the_middle_and_no_background() {
    let out = folder();
    let source = halves("halves.mp4", 320, 180, "0.5", 10);
    let state = json!({"fit": "cover", "mediaBackground": {"mode": "solid", "color": "0f0"}});
    let reel = render(&source, state, None, out.path()).await;
    assert_near(colour(&reel.video, "0.2", "400:1900:0:0"), RED, 6);
    assert_near(colour(&reel.video, "0.2", "400:1900:680:0"), BLUE, 6);
}

#[tokio::test]
async fn an_overlay_lies_over_the_whole_video() {
    // A green square in the middle of a transparent canvas of another size.
    let overlay = made(
        "overlay.png",
        "-f lavfi -i color=0x00ff00:s=200x200 -vf format=rgba,pad=540:960:170:380:color=black@0 -frames:v 1",
    );
    let out = folder();
    let overlay = transcoder()
        .await
        .probe_image(&overlay, &CancellationToken::new())
        .await
        .unwrap();
    let source = halves("halves-portrait.mp4", 180, 320, "0.5", 10);
    let reel = render(&source, json!({}), Some(overlay), out.path()).await;
    assert_is_a_reel(&reel.video, 0.5);
    for at in ["0", "0.4"] {
        assert_near(colour(&reel.video, at, "380:380:350:770"), [0, 255, 0], 8);
        assert_near(colour(&reel.video, at, "500:700:0:0"), RED, 6);
        assert_near(colour(&reel.video, at, "500:700:580:1200"), BLUE, 6);
    }
}

#[tokio::test]
async fn the_same_plan_gives_the_same_bytes() -> Result<(), MediaError> {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_video(&landscape(), &cancel).await?;
    let plan = VideoPlan::new(source, EditSpec::default(), None, transcoder.limits())?;
    let (one, two) = (folder(), folder());
    let one = transcoder
        .render_video(&plan, one.path(), |_| {}, &cancel)
        .await
        .map(|reel| std::fs::read(reel.video))?;
    let two = transcoder
        .render_video(&plan, two.path(), |_| {}, &cancel)
        .await
        .map(|reel| std::fs::read(reel.video))?;
    assert!(one.unwrap() == two.unwrap());
    Ok(())
}
