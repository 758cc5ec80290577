//! What answers of ffprobe are taken for, honest and otherwise.

use avvivo_kernel::Fault;
use serde_json::{Value, json};

use super::*;

fn read(answer: &Value) -> Result<VideoProbe, &'static str> {
    let source = Admitted {
        path: PathBuf::from("/media/source.mp4"),
        bytes: 1000,
        found: (),
    };
    read_video(source, answer.to_string().as_bytes(), &Limits::default())
        .map_err(|error| error.code())
}

fn video(changes: Value) -> Value {
    let mut stream = json!({
        "index": 0, "codec_type": "video", "codec_name": "h264", "width": 1280, "height": 720,
        "avg_frame_rate": "30/1", "duration": "4.000000",
    });
    if let (Value::Object(stream), Value::Object(changes)) = (&mut stream, changes) {
        stream.extend(changes);
    }
    stream
}

fn alone(changes: Value) -> Value {
    json!({"streams": [video(changes)], "format": {}})
}

#[test]
fn a_video_without_a_positive_finite_duration_is_refused() {
    for duration in ["0.000000", "N/A", "nan", "inf", "-3", "", "1e400"] {
        assert_eq!(
            read(&alone(json!({"duration": duration}))).err(),
            Some("media.no_duration"),
            "{duration}"
        );
    }
    let in_format =
        json!({"streams": [video(json!({"duration": "N/A"}))], "format": {"duration": "2.5"}});
    assert_eq!(
        read(&in_format).unwrap().duration,
        Duration::from_millis(2500)
    );
}

#[test]
fn four_hours_are_too_long() {
    assert_eq!(
        read(&alone(json!({"duration": "14400.0"}))).err(),
        Some("media.too_long")
    );
}

#[test]
fn rates_that_are_no_rates_are_unknown() {
    for rate in ["0/0", "nan", "30/0", "-1/1", "30"] {
        assert_eq!(
            read(&alone(json!({"avg_frame_rate": rate})))
                .unwrap()
                .video
                .rate,
            None,
            "{rate}"
        );
    }
}

#[test]
fn thirty_is_not_more_than_thirty() {
    let rate = |frames, seconds| Rate { frames, seconds };
    assert!(!rate(30, 1).exceeds(30));
    assert!(!rate(30_000, 1001).exceeds(30));
    assert!(!rate(900_010, 30_000).exceeds(30));
    assert!(rate(31, 1).exceeds(30));
    assert!(rate(u64::MAX, 1).exceeds(30));
}

#[test]
fn pictures_beyond_cinema_4k_are_refused() {
    for (width, height) in [(4098, 100), (4096, 4096), (100_000, 100_000)] {
        assert_eq!(
            read(&alone(json!({"width": width, "height": height}))).err(),
            Some("media.too_many_pixels")
        );
    }
    assert_eq!(
        read(&alone(json!({"width": 0}))).err(),
        Some("media.unsupported")
    );
}

#[test]
fn streams_are_counted_and_codecs_are_listed() {
    let many: Vec<Value> = (0..13).map(|_| video(json!({}))).collect();
    assert_eq!(
        read(&json!({"streams": many})).err(),
        Some("media.too_many_streams")
    );
    assert_eq!(
        read(&alone(json!({"codec_name": "gif"}))).err(),
        Some("media.unsupported")
    );
    assert_eq!(
        read(&alone(json!({"codec_type": "audio"}))).err(),
        Some("media.not_a_video")
    );
    assert_eq!(
        read(&alone(json!({"disposition": {"attached_pic": 1}}))).err(),
        Some("media.not_a_video")
    );
}

#[test]
fn the_first_decodable_sound_is_taken() {
    let sound = |index, codec| json!({"index": index, "codec_type": "audio", "codec_name": codec, "channels": 2});
    let answer =
        json!({"streams": [video(json!({})), sound(1, "apac"), sound(2, "aac"), sound(3, "aac")]});
    assert_eq!(read(&answer).unwrap().audio.unwrap().index, 2);
}

#[test]
fn the_turn_of_a_phone_is_read_from_its_matrix() {
    let matrix = "\n00000000:            0       65536           0\n00000001:       -65536           0           0\n\
        00000002:     70778880           0  1073741824\n";
    let answer = alone(json!({"side_data_list": [{}, {"displaymatrix": matrix}]}));
    assert_eq!(
        read(&answer).unwrap().video.frame.orientation,
        Orientation::Clockwise
    );
}

#[test]
fn pixel_shapes_of_broken_files_are_ignored() {
    let aspect = |text| {
        read(&alone(json!({"sample_aspect_ratio": text})))
            .unwrap()
            .video
            .frame
            .pixel_aspect
    };
    assert_eq!(aspect("4:3"), (4, 3));
    for broken in ["0:1", "1:0", "1:2147483647", "N/A", "x"] {
        assert_eq!(aspect(broken), (1, 1), "{broken}");
    }
}
