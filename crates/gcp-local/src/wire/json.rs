//! Protobuf's JSON spelling, as far as these APIs use it, and the paths it comes on.

use std::time::Duration;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::ApiError;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const DECODE_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const DECODE_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Splits `…/queues/q:pause` into resource and verb. Only the last segment can carry a verb.
pub(crate) fn split_verb(path: &str) -> (&str, Option<&str>) {
    match path.rsplit_once(':') {
        Some((resource, verb)) if !verb.contains('/') => (resource, Some(verb)),
        _ => (path, None),
    }
}

/// Reads a request body whatever its content type; an empty one counts as `{}`.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid(format!("Invalid JSON payload received. {error}")))
}

/// `"1.5s"` → 1.5 s. Negative and malformed durations are `None`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let (seconds, fraction) = match text.strip_suffix('s')?.split_once('.') {
        Some((seconds, fraction)) => (seconds, fraction),
        None => (text.strip_suffix('s')?, ""),
    };
    if fraction.len() > 9 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanos))
}

/// 1.5 s → `"1.500s"`: seconds with three, six or nine digits, as protobuf prints them.
pub(crate) fn format_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match nanos {
        0 => format!("{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{seconds}.{nanos:09}s"),
    }
}

/// A duration as a JSON field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JsonDuration(pub(crate) Duration);

impl Serialize for JsonDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for JsonDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a duration like \"1.5s\"")))
    }
}

pub(crate) fn format_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Bytes are standard base64; readers also take the URL-safe alphabet and missing padding.
pub(crate) fn decode_bytes(text: &str) -> Option<Vec<u8>> {
    DECODE_STANDARD
        .decode(text)
        .or_else(|_| DECODE_URL_SAFE.decode(text))
        .ok()
}

pub(crate) fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_belongs_to_the_last_segment_only() {
        assert_eq!(split_verb("a/b:run"), ("a/b", Some("run")));
        assert_eq!(split_verb("a:x/b"), ("a:x/b", None));
        assert_eq!(split_verb("a/b"), ("a/b", None));
    }

    #[test]
    fn durations_survive_a_round_trip() {
        for text in ["0s", "1s", "0.200s", "86400s", "1.000001s", "3.000000001s"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("0.2s"), Some(Duration::from_millis(200)));
        for text in ["", "s", "1", "-1s", "1.s2", "1.0000000001s", "xs"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_read_in_both_alphabets() {
        assert_eq!(decode_bytes("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_bytes("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_bytes("!"), None);
    }
}
