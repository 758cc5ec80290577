//! What the shop asked for: the part of the client's editor state that rendering reads.
//!
//! The document belongs to the clients. It is read leniently: a missing or broken value means its default, unknown
//! keys mean nothing, and no document can make a render fail. It is never written here.

use std::time::Duration;

use serde_json::Value;

/// How the picture meets the 9:16 canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// The whole picture is visible; what is left of the canvas shows the background.
    #[default]
    Contain,
    /// The picture fills the canvas and loses what does not fit.
    Cover,
}

/// A colour, eight bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

/// What shows where the picture does not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// A blurred and darkened copy of the picture.
    #[default]
    Blur,
    /// One colour.
    Solid(Rgb),
}

/// The window the shop chose, not yet held against the source's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    /// Where it starts in the source.
    pub start: Duration,
    /// How long it lasts.
    pub duration: Duration,
}

/// The edits of one medium.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditSpec {
    /// How the picture meets the canvas.
    pub fit: Fit,
    /// What shows around it.
    pub background: Background,
    /// Which part of the video is kept; `None` keeps all.
    pub trim: Option<Trim>,
    /// Where the client says its ready-made overlay image is. Whether that place may be read is the caller's to say.
    pub overlay_url: Option<String>,
}

/// The client's own fallback when a colour is missing or not a colour.
const SLATE: Rgb = Rgb([0x33, 0x41, 0x55]);
/// The shortest trim a client can ask for.
const SHORTEST_TRIM: f64 = 0.5;
/// The longest trim a client can ask for; [`crate::Limits::reel_duration`] may cut it further.
const LONGEST_TRIM: f64 = 17.0;

impl EditSpec {
    /// Reads the edits of the medium at `index` from an editor state: an object, or a string that holds one.
    pub fn from_editor_state(state: &Value, index: usize) -> Self {
        let parsed;
        let state = match state {
            Value::String(text) => {
                parsed = serde_json::from_str(text).unwrap_or(Value::Null);
                &parsed
            }
            other => other,
        };
        let transforms = state.get("mediaTransforms");
        let transform = transforms.and_then(|all| all.get(index).or_else(|| all.get(0)));
        Self {
            fit: transform
                .and_then(|one| one.get("fit"))
                .and_then(Value::as_str)
                .or_else(|| state.get("fit").and_then(Value::as_str))
                .map_or(Fit::Contain, |fit| {
                    if fit == "cover" {
                        Fit::Cover
                    } else {
                        Fit::Contain
                    }
                }),
            background: state
                .get("mediaBackground")
                .map(background)
                .unwrap_or_default(),
            trim: state.get("videoTrim").and_then(trim),
            overlay_url: overlay_url(state),
        }
    }
}

fn background(value: &Value) -> Background {
    match value.get("mode").and_then(Value::as_str) {
        Some("color" | "solid") => {
            let colour = value
                .get("color")
                .and_then(Value::as_str)
                .and_then(parse_colour);
            Background::Solid(colour.unwrap_or(SLATE))
        }
        _ => Background::Blur,
    }
}

fn parse_colour(text: &str) -> Option<Rgb> {
    let digits = text.trim();
    let digits = digits.strip_prefix('#').unwrap_or(digits);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let all = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        6 => {
            let [_, red, green, blue] = all.to_be_bytes();
            Some(Rgb([red, green, blue]))
        }
        3 => {
            let [_, _, high, low] = all.to_be_bytes();
            Some(Rgb([high * 17, (low >> 4) * 17, (low & 15) * 17]))
        }
        _ => None,
    }
}

fn trim(value: &Value) -> Option<Trim> {
    let start = number(value.get("startSec")?)?;
    let duration = number(value.get("durationSec")?)?.clamp(SHORTEST_TRIM, LONGEST_TRIM);
    Some(Trim {
        // A start beyond what a `Duration` holds is beyond any source as well.
        start: Duration::try_from_secs_f64(start.max(0.0)).unwrap_or(Duration::MAX),
        duration: Duration::try_from_secs_f64(duration).ok()?,
    })
}

/// A finite number, or a string that spells one.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

fn overlay_url(state: &Value) -> Option<String> {
    let direct = state.get("renderOverlayUrl");
    let nested = state
        .get("renderOverlay")
        .and_then(|overlay| overlay.get("url"));
    [direct, nested]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::trim)
        .find(|url| !url.is_empty())
        .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(state: &Value) -> EditSpec {
        EditSpec::from_editor_state(state, 0)
    }

    #[test]
    fn an_absent_or_broken_document_means_the_defaults() {
        for state in [
            json!(null),
            json!("{broken"),
            json!([1, 2]),
            json!({}),
            json!(7),
        ] {
            assert_eq!(read(&state), EditSpec::default(), "{state}");
        }
    }

    #[test]
    fn a_document_in_a_string_is_read() {
        assert_eq!(read(&json!(r#"{"fit":"cover"}"#)).fit, Fit::Cover);
    }

    #[test]
    fn the_fit_of_the_medium_wins_and_the_first_stands_in_for_the_missing() {
        let state =
            json!({"fit": "cover", "mediaTransforms": [{"fit": "contain"}, {"fit": "cover"}, {}]});
        let fit = |index| EditSpec::from_editor_state(&state, index).fit;
        assert_eq!(
            [fit(0), fit(1), fit(2), fit(9)],
            [Fit::Contain, Fit::Cover, Fit::Cover, Fit::Contain]
        );
        assert_eq!(read(&json!({"fit": "stretch"})).fit, Fit::Contain);
    }

    #[test]
    fn colours_have_three_or_six_digits_and_a_fallback() {
        let solid = |color: Value| {
            read(&json!({"mediaBackground": {"mode": "solid", "color": color}})).background
        };
        let rgb = |value: [u8; 3]| Background::Solid(Rgb(value));
        assert_eq!(solid(json!("#1a2B3c")), rgb([0x1a, 0x2b, 0x3c]));
        assert_eq!(solid(json!("f0a")), rgb([0xff, 0x00, 0xaa]));
        for broken in [
            json!("#12345"),
            json!("+12345"),
            json!("red"),
            json!("ñññ"),
            json!(null),
            json!(3),
        ] {
            assert_eq!(solid(broken), Background::Solid(SLATE));
        }
        assert_eq!(
            read(&json!({"mediaBackground": {"mode": "glass"}})).background,
            Background::Blur
        );
    }

    #[test]
    fn a_trim_is_clamped_and_needs_two_finite_numbers() {
        let trim = |start: Value, duration: Value| {
            read(&json!({"videoTrim": {"startSec": start, "durationSec": duration}})).trim
        };
        let of = |start, duration| {
            Some(Trim {
                start: Duration::from_millis(start),
                duration: Duration::from_millis(duration),
            })
        };
        assert_eq!(trim(json!(1.5), json!(3)), of(1500, 3000));
        assert_eq!(trim(json!(-4), json!(0.1)), of(0, 500));
        assert_eq!(trim(json!("2"), json!(99)), of(2000, 17_000));
        assert_eq!(trim(json!("NaN"), json!(3)), None);
        assert_eq!(trim(json!(null), json!(3)), None);
    }

    #[test]
    fn the_overlay_is_named_in_either_place() {
        assert_eq!(
            read(&json!({"renderOverlayUrl": " a "}))
                .overlay_url
                .as_deref(),
            Some("a")
        );
        assert_eq!(
            read(&json!({"renderOverlayUrl": "", "renderOverlay": {"url": "b"}}))
                .overlay_url
                .as_deref(),
            Some("b")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_fail(text in ".{0,200}", color in ".{0,8}") {
            read(&json!(text));
            read(&json!({"mediaBackground": {"mode": "solid", "color": color}}));
        }

        #[test]
        fn every_trim_is_within_its_clamps(start in any::<f64>(), duration in any::<f64>()) {
            if let Some(trim) = read(&json!({"videoTrim": {"startSec": start, "durationSec": duration}})).trim {
                prop_assert!(trim.duration >= Duration::from_millis(500));
                prop_assert!(trim.duration <= Duration::from_secs(17));
            }
        }
    }
}
