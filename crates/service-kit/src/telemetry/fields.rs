//! The fields of a span or an event, bounded, and as they are written: a line is put together by copying bytes.

use std::{
    error::Error,
    fmt::{self, Write as _},
    ops::Range,
};

use tracing::field::{Field, Visit};

/// Fields kept of one span or event; more is a defect of the call site.
const MAX_FIELDS: usize = 32;
/// Bytes kept of one text. With this and the number of fields a line stays far below the 256 KiB at which Cloud Logging
/// cuts.
const MAX_TEXT_BYTES: usize = 4_096;
/// What a field is called that only tells a trace how to show itself.
const FOR_TRACES: &str = "otel.";

/// Collects fields as JSON. There are few, so a name is looked for by going through them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// The values, one after the other.
    json: String,
    each: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    /// Each and its value as JSON, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let json = |range: &Range<usize>| self.json.get(range.clone()).unwrap_or("null");
        self.each
            .iter()
            .map(move |(name, range)| (*name, json(range)))
    }

    /// Has room for those of another.
    pub(super) fn clear(&mut self) {
        self.json.clear();
        self.each.clear();
    }

    /// What it keeps room for.
    pub(super) fn room(&self) -> usize {
        self.json.capacity()
    }

    fn put(&mut self, field: &Field, write: impl FnOnce(&mut String)) {
        let name = field.name();
        if name.starts_with(FOR_TRACES) {
            return;
        }
        if let Some(known) = self.each.iter().position(|(known, _)| *known == name) {
            self.remove(known);
        } else if self.each.len() >= MAX_FIELDS {
            return;
        }
        let start = self.json.len();
        write(&mut self.json);
        self.each.push((name, start..self.json.len()));
    }

    /// A field that is recorded again and again takes no more room than once.
    fn remove(&mut self, index: usize) {
        let (_, gone) = self.each.remove(index);
        let length = gone.len();
        for (_, range) in self.each.iter_mut().skip(index) {
            *range = range.start - length..range.end - length;
        }
        self.json.drain(gone);
    }

    fn put_text(&mut self, field: &Field, write: impl FnOnce(&mut Text<'_>)) {
        self.put(field, |json| {
            let mut text = Text::begin(json);
            write(&mut text);
            text.end();
        });
    }
}

/// Writing to memory cannot fail.
fn put_number(json: &mut String, number: impl fmt::Display) {
    write!(json, "{number}").unwrap_or_default();
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Stops early, on purpose, once the bound is reached.
        self.put_text(field, |text| {
            write!(text, "{value:?}").unwrap_or_default();
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, |text| text.write_str(value).unwrap_or_default());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put_text(field, |text| {
            let mut next = Some(value);
            let mut separator = "";
            while let Some(error) = next {
                write!(text, "{separator}{error}").unwrap_or_default();
                separator = ": ";
                next = error.source();
            }
        });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // What is no number in JSON, such as the quotient of nothing, is null.
        self.put(field, |json| match serde_json::Number::from_f64(value) {
            Some(number) => put_number(json, number),
            None => json.push_str("null"),
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |json| put_number(json, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |json| put_number(json, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |json| {
            json.push_str(if value { "true" } else { "false" });
        });
    }
}

/// Text of JSON that takes so much and no more, whatever is written to it.
pub(super) struct Text<'j> {
    json: &'j mut String,
    room: usize,
    full: bool,
}

impl<'j> Text<'j> {
    /// Begins at the end of what is there.
    pub(super) fn begin(json: &'j mut String) -> Self {
        json.push('"');
        Self {
            json,
            room: MAX_TEXT_BYTES,
            full: false,
        }
    }

    pub(super) fn end(self) {
        self.json.push_str(if self.full { "…\"" } else { "\"" });
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.full {
            return Err(fmt::Error);
        }
        let fits = part.floor_char_boundary(self.room);
        self.room -= fits;
        self.full = fits < part.len();
        escape(self.json, part.get(..fits).unwrap_or_default());
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Adds text to a text of JSON.
fn escape(json: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        json.push_str(text);
        return;
    }
    // Text is always written, and between quotes.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    json.push_str(inner.unwrap_or_default());
}
