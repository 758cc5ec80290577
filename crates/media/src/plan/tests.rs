//! The decisions, and the commands they become. Read the snapshots to see what ffmpeg is told.

use std::path::{Path, PathBuf};

use avvivo_kernel::Fault;

use super::*;
use crate::{
    colour::Matrix,
    edit::{Background, Fit, Rgb},
    geometry::{CANVAS, Frame, Orientation, Size},
    image_header::ImageFormat,
    probe::{Rate, VideoTrack},
    threads::Threads,
};

fn frame(width: u32, height: u32) -> Frame {
    Frame {
        coded: Size::new(width, height),
        pixel_aspect: (1, 1),
        orientation: Orientation::Upright,
    }
}

/// Four seconds that need nothing but copying.
fn ready() -> VideoProbe {
    VideoProbe {
        path: PathBuf::from("/job/source.mp4"),
        bytes: 1_000_000,
        duration: Duration::from_secs(4),
        video: VideoTrack {
            index: 0,
            codec: "h264".to_owned(),
            profile: "High".to_owned(),
            level: 40,
            frame: Frame {
                coded: CANVAS,
                ..frame(0, 0)
            },
            rate: Some(Rate {
                frames: 30,
                seconds: 1,
            }),
            pixel_format: "yuv420p".to_owned(),
            range: Range::Limited,
            matrix: Matrix::Bt709,
            transfer: Transfer::Standard,
            bits_per_second: Some(3_000_000),
            starts_at_zero: true,
            progressive: true,
        },
        audio: Some(AudioTrack {
            index: 1,
            codec: "aac".to_owned(),
            profile: "LC".to_owned(),
            channels: 2,
            samples_per_second: 48_000,
            bits_per_second: Some(128_000),
            has_lead_in: false,
            ends: Some(Duration::from_millis(4_090)),
        }),
    }
}

fn sized(width: u32, height: u32) -> VideoProbe {
    let mut source = ready();
    source.video.frame = frame(width, height);
    source
}

fn image(width: u32, height: u32) -> ImageProbe {
    ImageProbe {
        path: PathBuf::from("/job/overlay.png"),
        bytes: 1000,
        format: ImageFormat::Png,
        frame: frame(width, height),
        has_alpha: true,
    }
}

fn plan(source: VideoProbe, edit: EditSpec) -> VideoPlan {
    VideoPlan::new(source, edit, None, &Limits::default()).unwrap()
}

fn trimmed(start: f64, duration: f64) -> EditSpec {
    let trim = Trim {
        start: Duration::from_secs_f64(start),
        duration: Duration::from_secs_f64(duration),
    };
    EditSpec {
        trim: Some(trim),
        ..EditSpec::default()
    }
}

fn command(plan: &VideoPlan) -> String {
    let files = VideoFiles {
        video: Path::new("/job/video.mp4"),
        thumbnail: Path::new("/job/thumbnail.jpg"),
    };
    readable(&plan.arguments(files, Threads::default()))
}

/// One option and its value a line, and one piece of the graph a line.
fn readable(arguments: &[std::ffi::OsString]) -> String {
    let mut text = String::new();
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        text.push(if argument.starts_with('-') { '\n' } else { ' ' });
        text.push_str(&argument.replace(';', ";\n    "));
    }
    text.trim().to_owned()
}

#[test]
fn a_source_that_already_is_the_output_is_copied() {
    let plan = plan(ready(), EditSpec::default());
    assert!(plan.copies());
    insta::assert_snapshot!(command(&plan));
}

/// What is changed about a source, and how.
type Difference = (&'static str, fn(&mut VideoProbe));

const DIFFERENCES: [Difference; 20] = [
    ("codec", |source| {
        source.video.codec = "hevc".to_owned();
    }),
    ("profile", |source| {
        source.video.profile = "High 4:2:2".to_owned();
    }),
    ("level", |source| {
        source.video.level = 42;
    }),
    ("no level", |source| {
        source.video.level = -99;
    }),
    ("size", |source| {
        source.video.frame = frame(720, 1280);
    }),
    ("turn", |source| {
        source.video.frame.orientation = Orientation::HalfTurn;
    }),
    ("pixel shape", |source| {
        source.video.frame.pixel_aspect = (4, 3);
    }),
    ("pixel format", |source| {
        source.video.pixel_format = "yuvj420p".to_owned();
    }),
    ("range", |source| {
        source.video.range = Range::Full;
    }),
    ("hdr", |source| {
        source.video.transfer = Transfer::Hlg;
    }),
    ("interlaced", |source| {
        source.video.progressive = false;
    }),
    ("rate", |source| {
        source.video.rate = Some(Rate {
            frames: 60,
            seconds: 1,
        });
    }),
    ("slow rate", |source| {
        source.video.rate = Some(Rate {
            frames: 22,
            seconds: 1,
        });
    }),
    ("a matrix of wide colours", |source| {
        source.video.matrix = Matrix::Bt2020;
    }),
    ("frames before its start", |source| {
        source.video.starts_at_zero = false;
    }),
    ("sound before its start", |source| {
        if let Some(track) = &mut source.audio {
            track.has_lead_in = true;
        }
    }),
    ("sound after its end", |source| {
        if let Some(track) = &mut source.audio {
            track.ends = Some(Duration::from_millis(4_110));
        }
    }),
    ("unknown rate", |source| {
        source.video.rate = None;
    }),
    ("bits", |source| {
        source.video.bits_per_second = Some(5_200_001);
    }),
    ("sound", |source| {
        if let Some(track) = &mut source.audio {
            track.codec = "opus".to_owned();
        }
    }),
];

#[test]
fn anything_that_differs_ends_copying() {
    for (what, change) in DIFFERENCES {
        let mut source = ready();
        change(&mut source);
        assert!(!plan(source, EditSpec::default()).copies(), "{what}");
    }
    assert!(!plan(ready(), trimmed(1.0, 2.0)).copies());
    let covered = VideoPlan::new(
        ready(),
        EditSpec::default(),
        Some(image(10, 10)),
        &Limits::default(),
    );
    assert!(!covered.unwrap().copies());
}

#[test]
fn fit_and_background_do_not_matter_where_nothing_shows_them() {
    let edit = EditSpec {
        fit: Fit::Cover,
        background: Background::Solid(Rgb([1, 2, 3])),
        ..EditSpec::default()
    };
    assert!(plan(ready(), edit).copies());
}

#[test]
fn the_rate_of_films_is_copied() {
    let mut source = ready();
    source.video.rate = Some(Rate {
        frames: 24_000,
        seconds: 1001,
    });
    assert!(plan(source, EditSpec::default()).copies());
}

#[test]
fn a_silent_source_is_copied_too() {
    let source = VideoProbe {
        audio: None,
        ..ready()
    };
    assert!(plan(source, EditSpec::default()).copies());
}

#[test]
fn landscape_on_blur() {
    insta::assert_snapshot!(command(&plan(sized(1280, 720), EditSpec::default())));
}

#[test]
fn landscape_on_a_colour_with_sixty_frames_and_surround_sound() {
    let mut source = sized(1280, 720);
    source.video.rate = Some(Rate {
        frames: 60_000,
        seconds: 1001,
    });
    if let Some(track) = &mut source.audio {
        track.channels = 6;
        track.samples_per_second = 96_000;
    }
    let background = Background::Solid(Rgb([0x33, 0x41, 0x55]));
    let edit = EditSpec {
        background,
        ..EditSpec::default()
    };
    insta::assert_snapshot!(command(&plan(source, edit)));
}

#[test]
fn portrait_4k_of_a_phone_in_hdr() {
    let mut source = sized(3840, 2160);
    source.video.frame.orientation = Orientation::Clockwise;
    source.video.codec = "hevc".to_owned();
    source.video.pixel_format = "yuv420p10le".to_owned();
    source.video.transfer = Transfer::Hlg;
    insta::assert_snapshot!(command(&plan(source, EditSpec::default())));
}

#[test]
fn a_tall_screen_trimmed_under_an_overlay() {
    let edit = trimmed(1.25, 2.0);
    let plan = VideoPlan::new(
        sized(1080, 2400),
        edit,
        Some(image(540, 540)),
        &Limits::default(),
    );
    insta::assert_snapshot!(command(&plan.unwrap()));
}

#[test]
fn interlaced_fields_become_frames_before_anything_else() {
    let mut source = sized(1280, 720);
    source.video.progressive = false;
    let command = command(&plan(source, EditSpec::default()));
    assert!(command.contains("[0:0]bwdif="), "{command}");
}

#[test]
fn landscape_that_covers() {
    let edit = EditSpec {
        fit: Fit::Cover,
        ..EditSpec::default()
    };
    insta::assert_snapshot!(command(&plan(sized(1280, 720), edit)));
}

#[test]
fn a_turned_cut_out_photo_on_a_colour() {
    let mut source = image(3000, 2000);
    source.frame.orientation = Orientation::CounterClockwise;
    let background = Background::Solid(Rgb([255, 0, 0]));
    let edit = EditSpec {
        background,
        ..EditSpec::default()
    };
    let plan = PhotoPlan::new(source, edit, Some(image(1080, 1920)), &Limits::default());
    let files = PhotoFiles {
        photo: Path::new("/job/photo.jpg"),
    };
    insta::assert_snapshot!(readable(&plan.arguments(files)));
}

#[test]
fn a_trim_is_held_against_the_source() {
    let window = |start, duration| {
        let plan = plan(ready(), trimmed(start, duration));
        (
            plan.window().start.as_millis(),
            plan.window().duration.as_millis(),
        )
    };
    assert_eq!(window(1.0, 2.0), (1000, 2000));
    assert_eq!(
        window(3.9, 0.5),
        (3500, 500),
        "the start moves so that the length fits"
    );
    assert_eq!(window(99.0, 17.0), (0, 4000), "the length is the source's");
    assert_eq!(
        window(0.0, 3.98),
        (0, 4000),
        "cutting two hundredths cuts nothing"
    );
}

#[test]
fn a_trim_of_almost_nothing_is_ignored() {
    let source = VideoProbe {
        duration: Duration::from_millis(390),
        ..ready()
    };
    assert_eq!(
        plan(source, trimmed(0.2, 0.5)).window().start,
        Duration::ZERO
    );
}

#[test]
fn a_long_source_needs_a_trim() {
    let long = || VideoProbe {
        duration: Duration::from_mins(1),
        ..ready()
    };
    let refused = VideoPlan::new(long(), EditSpec::default(), None, &Limits::default());
    assert_eq!(refused.unwrap_err().code(), "media.too_long");
    assert_eq!(
        plan(long(), trimmed(30.0, 15.0)).window().duration,
        Duration::from_secs(15)
    );
    let just = VideoProbe {
        duration: Duration::from_millis(17_090),
        ..ready()
    };
    assert!(plan(just, EditSpec::default()).copies());
}

#[test]
fn the_thumbnail_is_at_one_second_or_half_way() {
    assert_eq!(
        plan(ready(), EditSpec::default()).thumbnail_at(),
        Duration::from_secs(1)
    );
    assert_eq!(
        plan(ready(), trimmed(0.0, 0.5)).thumbnail_at(),
        Duration::from_millis(250)
    );
}
