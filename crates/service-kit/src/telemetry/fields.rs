//! The fields of a span or an event, bounded.

use std::{error::Error, fmt};

use serde_json::Value;
use tracing::field::{Field, Visit};

/// Fields kept of one span or event; more is a defect of the call site.
const MAX_FIELDS: usize = 32;
/// Bytes kept of one text. With this and the number of fields a line stays far below the 256 KiB at which Cloud Logging
/// cuts.
const MAX_TEXT_BYTES: usize = 4_096;

/// Collects fields as JSON. There are few, so a name is looked for by going through them.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Each, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            *known = value;
        } else if self.0.len() < MAX_FIELDS {
            self.0.push((name, value));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded::default();
        // Stops early, on purpose, once the bound is reached.
        fmt::write(&mut text, format_args!("{value:?}")).unwrap_or_default();
        self.put(field, Value::String(text.finish()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Bounded::default();
        fmt::Write::write_str(&mut text, value).unwrap_or_default();
        self.put(field, Value::String(text.finish()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = Bounded::default();
        let mut next = Some(value);
        let mut separator = "";
        while let Some(error) = next {
            fmt::write(&mut text, format_args!("{separator}{error}")).unwrap_or_default();
            separator = ": ";
            next = error.source();
        }
        self.put(field, Value::String(text.finish()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}

/// Text that takes so much and no more, whatever is written to it.
#[derive(Default)]
struct Bounded {
    text: String,
    full: bool,
}

impl Bounded {
    fn finish(mut self) -> String {
        if self.full {
            self.text.push('…');
        }
        self.text
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.full {
            return Err(fmt::Error);
        }
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len());
        let fits = part.floor_char_boundary(room);
        self.text.push_str(part.get(..fits).unwrap_or_default());
        self.full = fits < part.len();
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}
