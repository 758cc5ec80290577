//! Sources whose picture stands still for seconds, as recorded screens do: they write a frame only when one changes.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    fixtures::{QUICK_H264, folder, made},
    inspect::{assert_near, colour, seconds, stream},
    render,
};

const RED: [u8; 3] = [253, 0, 0];
const BLUE: [u8; 3] = [0, 0, 254];
/// The middle of a landscape picture between its bands.
const PICTURE: &str = "1080:500:0:710";

/// Red for 1.9 s, then blue; the last of sixty frames stands from 1.967 s until the sound ends, at 10 s.
fn standing_at_its_end() -> PathBuf {
    let moving = made(
        "standing-moving.mp4",
        &format!(
            "-f lavfi -i color=red:s=320x180:r=30:d=2,drawbox=c=blue:t=fill:enable=gte(t\\,1.9) \
             -f lavfi -i sine=d=10:r=48000 {QUICK_H264} -c:a aac -b:a 96k"
        ),
    );
    made(
        "standing-at-its-end.mp4",
        &format!(
            "-i {} -c copy -bsf:v setts=duration=if(gte(PTS*TB\\,1.95)\\,8.0333/TB\\,DURATION)",
            moving.display()
        ),
    )
}

/// Red for 1.9 s, then a blue frame that stands until 9.967 s, when one more comes.
fn standing_in_the_middle() -> PathBuf {
    made(
        "standing-in-the-middle.mp4",
        &format!(
            "-f lavfi -i color=red:s=320x180:r=30:d=10,drawbox=c=blue:t=fill:enable=gte(t\\,1.9) \
             -f lavfi -i sine=d=10:r=48000 -vf select=lt(n\\,60)+eq(n\\,299) -vsync vfr {QUICK_H264} -c:a aac -b:a 96k"
        ),
    )
}

/// Asserts frame-exact picture and sound of the same length.
async fn assert_lasts(source: PathBuf, state: Value, length: f64, frames: &str) {
    let out = folder();
    let reel = render(&source, state.clone(), None, out.path()).await;
    assert_eq!(
        stream(&reel.video, "v")["nb_read_frames"],
        frames,
        "{state}"
    );
    assert!((reel.duration.as_secs_f64() - length).abs() < 0.001);
    assert!((seconds(&reel.video, "v") - length).abs() < 0.001);
    assert!((seconds(&reel.video, "a") - length).abs() < 0.03);
    assert_near(colour(&reel.video, "0", PICTURE), RED, 6);
    assert_near(
        colour(&reel.video, &format!("{}", length - 0.1), PICTURE),
        BLUE,
        6,
    );
}

#[tokio::test]
async fn a_last_frame_stands_until_the_picture_ends_on_any_background() {
    let solid = json!({"mediaBackground": {"mode": "solid", "color": "0f0"}});
    for state in [json!({}), solid, json!({"fit": "cover"})] {
        assert_lasts(standing_at_its_end(), state, 10.0, "300").await;
    }
}

#[tokio::test]
async fn a_trim_ends_while_a_frame_stands() {
    let trim = |fit| json!({"fit": fit, "videoTrim": {"startSec": 0, "durationSec": 5}});
    for source in [standing_at_its_end(), standing_in_the_middle()] {
        assert_lasts(source.clone(), trim("contain"), 5.0, "150").await;
        assert_lasts(source, trim("cover"), 5.0, "150").await;
    }
}

#[tokio::test]
async fn a_trim_begins_while_a_frame_stands() {
    for source in [standing_at_its_end(), standing_in_the_middle()] {
        for fit in ["contain", "cover"] {
            let out = folder();
            let state = json!({"fit": fit, "videoTrim": {"startSec": 4, "durationSec": 3}});
            let reel = render(&source, state, None, out.path()).await;
            assert_eq!(stream(&reel.video, "v")["nb_read_frames"], "90");
            assert!((seconds(&reel.video, "a") - 3.0).abs() < 0.03);
            for at in ["0", "2.9"] {
                assert_near(colour(&reel.video, at, PICTURE), BLUE, 6);
            }
        }
    }
}
