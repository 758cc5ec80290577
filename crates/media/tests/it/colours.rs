//! Sources that store their picture in other ways than reels do.

use serde_json::json;

use crate::{
    fixtures::{folder, made},
    inspect::{assert_near, colour, idet_says_progressive, stream},
    render,
    videos::assert_is_a_reel,
};

#[tokio::test]
async fn hdr_of_phones_becomes_what_every_screen_shows() {
    for transfer in ["arib-std-b67", "smpte2084"] {
        let source = made(
            &format!("hdr-{transfer}.mp4"),
            &format!(
                "-f lavfi -i color=0xc04020:s=180x320:r=10:d=0.5 \
                 -vf zscale=pin=bt709:tin=bt709:min=bt709:rin=tv:p=bt2020:t={transfer}:m=bt2020nc:npl=203,format=yuv420p10le \
                 -c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1 \
                 -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc"
            ),
        );
        let out = folder();
        let reel = render(&source, json!({}), None, out.path()).await;
        assert_is_a_reel(&reel.video, 0.5);
        let video = stream(&reel.video, "v");
        assert_eq!(
            [
                &video["color_space"],
                &video["color_transfer"],
                &video["color_primaries"]
            ],
            [&json!("bt709"); 3]
        );
        // Highlights are rolled off, so it is a little darker; the hue stays.
        assert_near(
            colour(&reel.video, "0.2", "1080:1920:0:0"),
            [0xb8, 0x40, 0x24],
            16,
        );
    }
}

/// Ten bits and wide colours without HDR, as editors export them.
#[tokio::test]
async fn wide_and_deep_colours_keep_their_hue() {
    let wide = made(
        "wide.mp4",
        "-f lavfi -i color=0xc04020:s=180x320:r=10:d=0.5 \
         -vf zscale=pin=bt709:tin=bt709:min=smpte170m:rin=tv:p=bt2020:t=709:m=bt2020nc,format=yuv420p10le \
         -c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1 \
         -color_primaries bt2020 -color_trc bt2020-10 -colorspace bt2020nc",
    );
    let deep = made(
        "deep.mp4",
        "-f lavfi -i color=0xc04020:s=180x320:r=10:d=0.5 -vf format=yuv420p10le -c:v libx264 -preset ultrafast \
         -colorspace smpte170m",
    );
    for source in [wide, deep] {
        let out = folder();
        let reel = render(&source, json!({}), None, out.path()).await;
        assert_is_a_reel(&reel.video, 0.5);
        assert_near(
            colour(&reel.video, "0.2", "1080:1920:0:0"),
            [0xc0, 0x40, 0x20],
            6,
        );
    }
}

#[tokio::test]
async fn fields_become_frames() {
    let source = made(
        "fields.mp4",
        "-f lavfi -i testsrc2=s=1080x1920:r=50:d=0.8 -vf tinterlace=interleave_top -c:v libx264 -preset ultrafast \
         -pix_fmt yuv420p -flags +ildct+ilme -x264opts tff=1 -qp 10",
    );
    assert!(!idet_says_progressive(&source));
    let out = folder();
    let reel = render(&source, json!({}), None, out.path()).await;
    assert_is_a_reel(&reel.video, 0.8);
    assert_eq!(stream(&reel.video, "v")["field_order"], "progressive");
    assert!(idet_says_progressive(&reel.video));
}
