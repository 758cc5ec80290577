//! What was done, under the names that clients and support read. Objects are named as in the bucket; nothing of our disk
//! is.

use std::time::Duration;

use avvivo_domain::reels::{Source, editor_state::RENDER_PROFILE};
use avvivo_media::{
    Background, CANVAS, EditSpec, Fit, Frame, ImageProbe, Orientation, RenderedPhoto,
    RenderedVideo, Size, VideoPlan, VideoProbe,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::sources::Overlay;

/// Hexadecimal digits of a fingerprint: enough to tell two settings apart, short enough to read out.
const HASH_DIGITS: usize = 12;

/// What was made of the whole.
pub(super) enum Renders {
    /// One video.
    Video(Value),
    /// Some photos.
    Photos(Vec<Value>),
}

/// The report of a rendering.
pub(super) fn report(overlay: &Overlay, renders: Renders) -> Value {
    let (photos, video) = match renders {
        Renders::Video(video) => (Vec::new(), video),
        Renders::Photos(photos) => (photos, Value::Null),
    };
    let mut report = of_overlay(overlay);
    report.insert(
        "workerRenderDiagnostics".to_owned(),
        json!({
            "profileVersion": RENDER_PROFILE,
            "photoRenders": photos,
            "videoRender": video,
        }),
    );
    Value::Object(report)
}

fn of_overlay(overlay: &Overlay) -> Map<String, Value> {
    let (status, bytes, error) = match overlay {
        Overlay::NotProvided => ("NOT_PROVIDED", None, None),
        Overlay::Downloaded(image) => ("DOWNLOADED", Some(image.bytes), None),
        Overlay::Empty => ("EMPTY_FILE", Some(0), None),
        Overlay::Failed { reason } => ("DOWNLOAD_FAILED", None, Some(reason)),
    };
    let mut keys = Map::from_iter([("workerOverlayStatus".to_owned(), json!(status))]);
    if let Some(bytes) = bytes {
        keys.insert("workerOverlayBytes".to_owned(), json!(bytes));
    }
    if let Some(error) = error {
        keys.insert("workerOverlayError".to_owned(), json!(error));
    }
    keys
}

/// What one render was given.
pub(super) struct Given<'a> {
    pub(super) source: &'a Source,
    pub(super) edit: &'a EditSpec,
    pub(super) overlay: &'a Overlay,
    /// From the start of ffmpeg to its end.
    pub(super) elapsed: Duration,
}

/// The entry of a video.
pub(super) fn of_video(
    given: &Given<'_>,
    probe: &VideoProbe,
    plan: &VideoPlan,
    made: &RenderedVideo,
) -> Value {
    let size = displayed(probe.video.frame);
    let window = plan.window();
    let whole = window.start.is_zero() && window.duration == probe.duration;
    let trim = (!whole).then(|| {
        json!({
            "startSec": window.start.as_secs_f64(),
            "durationSec": window.duration.as_secs_f64(),
        })
    });
    json!({
        "profileVersion": RENDER_PROFILE,
        "kind": "VIDEO",
        "filterHash": fingerprint(given, probe.video.frame, &format!("{window:?}")),
        "normalization": normalization(given.edit, size),
        "encode": if made.copied { json!({"copied": true}) } else { json!({"copied": false, "codec": "h264", "fps": 30}) },
        "source": {
            "path": given.source.path,
            "sizeBytes": probe.bytes,
            "width": size.width,
            "height": size.height,
            "durationSec": probe.duration.as_secs_f64(),
            "trimWindow": trim,
        },
        "output": {
            "width": made.size.width,
            "height": made.size.height,
            "durationSec": made.duration.as_secs_f64(),
            "sizeBytes": made.video_bytes,
            "thumbnailSizeBytes": made.thumbnail_bytes,
            "elapsedMs": millis(given.elapsed),
            "cpuMs": millis(made.cpu),
        },
        "overlay": laid_over(given.overlay),
    })
}

/// The entry of a photo.
pub(super) fn of_photo(
    given: &Given<'_>,
    index: usize,
    probe: &ImageProbe,
    made: &RenderedPhoto,
) -> Value {
    let size = displayed(probe.frame);
    json!({
        "profileVersion": RENDER_PROFILE,
        "kind": "PHOTO",
        "filterHash": fingerprint(given, probe.frame, "still"),
        "normalization": normalization(given.edit, size),
        "encode": {"codec": "mjpeg"},
        "source": {
            "path": given.source.path,
            "sizeBytes": probe.bytes,
            "width": size.width,
            "height": size.height,
            "mediaIndex": index,
        },
        "output": {
            "width": made.size.width,
            "height": made.size.height,
            "sizeBytes": made.bytes,
            "elapsedMs": millis(given.elapsed),
            "cpuMs": millis(made.cpu),
        },
        "overlay": laid_over(given.overlay),
    })
}

/// Everything that decides the filters, in twelve digits: equal fingerprints mean equal treatment.
fn fingerprint(given: &Given<'_>, frame: Frame, window: &str) -> String {
    let EditSpec {
        fit,
        background,
        trim: _,
        overlay_url: _,
    } = given.edit;
    let overlay = given.overlay.image().map(|image| image.frame);
    let decided = format!("{RENDER_PROFILE} {fit:?} {background:?} {frame:?} {overlay:?} {window}");
    let mut digits = hex::encode(Sha256::digest(decided));
    digits.truncate(HASH_DIGITS);
    digits
}

fn normalization(edit: &EditSpec, input: Size) -> Value {
    let same_shape = u64::from(input.width) * u64::from(CANVAS.height)
        == u64::from(input.height) * u64::from(CANVAS.width);
    json!({
        "source": "default-target",
        "usesLetterbox": edit.fit == Fit::Contain && !same_shape,
        "inputWidth": input.width,
        "inputHeight": input.height,
        "inputAspect": f64::from(input.width) / f64::from(input.height.max(1)),
        "frameWidth": CANVAS.width,
        "frameHeight": CANVAS.height,
        "frameOffsetX": 0,
        "frameOffsetY": 0,
        "backgroundMode": match edit.background {
            Background::Blur => "blur",
            Background::Solid(_) => "solid",
        },
    })
}

fn laid_over(overlay: &Overlay) -> Value {
    let has = overlay.image().is_some();
    json!({"hasOverlay": has, "source": if has { "downloaded" } else { "none" }})
}

/// The size as people see it.
fn displayed(frame: Frame) -> Size {
    let Size { width, height } = frame.coded;
    match frame.orientation {
        Orientation::Clockwise
        | Orientation::CounterClockwise
        | Orientation::Transposed
        | Orientation::Transversed => Size::new(height, width),
        Orientation::Upright
        | Orientation::HalfTurn
        | Orientation::MirroredSideways
        | Orientation::MirroredUpright => Size::new(width, height),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_that_failed_says_why_and_counts_no_bytes() {
        let overlay = Overlay::Failed {
            reason: "No encontramos el archivo.".to_owned(),
        };
        let report = report(&overlay, Renders::Photos(Vec::new()));
        assert_eq!(
            report,
            json!({
                "workerOverlayStatus": "DOWNLOAD_FAILED",
                "workerOverlayError": "No encontramos el archivo.",
                "workerRenderDiagnostics": {
                    "profileVersion": RENDER_PROFILE, "photoRenders": [], "videoRender": null,
                },
            })
        );
    }
}
