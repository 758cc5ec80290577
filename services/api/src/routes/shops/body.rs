//! What bodies of requests have in common.

use avvivo_domain::{
    fields::{Change, Fields},
    shops::ShopError,
    text::MAX_NOTE_CHARS,
};
use serde_json::{Map, Value};

/// A body whose fields are read one by one, because old pages send whatever they have.
pub(super) type Body = Map<String, Value>;

/// Why, in the words of whoever does it.
pub(super) fn reason(body: &Body) -> Result<Option<String>, ShopError> {
    let typed = Fields::of(body).text("reason", MAX_NOTE_CHARS)?;
    Ok(Change::value(typed))
}
