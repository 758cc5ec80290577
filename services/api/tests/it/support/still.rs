//! What differs from run to run stands still in snapshots.

use avvivo_kernel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// `value` with times, drawn ids, milliseconds in names and signatures replaced by words.
pub(crate) fn still(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(still_text(&text)),
        Value::Array(items) => items.into_iter().map(still).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, still(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

fn still_text(text: &str) -> String {
    if text.parse::<Timestamp>().is_ok() {
        return "[time]".to_owned();
    }
    // The ids that tests choose are small numbers and stay as they are.
    if text.parse::<Uuid>().is_ok_and(|id| id.as_u128() >> 64 != 0) {
        return "[id]".to_owned();
    }
    let (address, query) = match text.split_once("X-Goog-Algorithm") {
        Some((address, _)) => (address, "[signature]"),
        None => (text, ""),
    };
    let address = match address.strip_prefix("http://127.0.0.1:") {
        Some(rest) => {
            let (_, path) = rest.split_once('/').unwrap_or_default();
            format!("http://[store]/{path}")
        }
        None => address.to_owned(),
    };
    without_millis(&address) + query
}

/// Runs of thirteen digits are milliseconds since 1970.
fn without_millis(text: &str) -> String {
    let parts = text.split_inclusive(|c: char| !c.is_ascii_digit());
    let still = parts.map(|part| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        match part.chars().last() {
            Some(end) if digits == 13 && !end.is_ascii_digit() => format!("[ms]{end}"),
            _ => part.to_owned(),
        }
    });
    still.collect()
}
