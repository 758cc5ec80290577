//! Fields of Google's resources that have no meaning here are refused when they are set, so that
//! nobody relies on a schema, a snapshot window or a sink that would silently not be there.

use serde_json::{Map, Value};

use crate::wire::ApiError;

/// Clients send a resource back as they got it; what only the server writes is not theirs to set.
pub(super) fn drop_output_only(resource: &mut Value) {
    if let Some(fields) = resource.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        for field in ["state", "topicMessageRetentionDuration", "satisfiesPzs"] {
            fields.remove(field);
        }
    }
}

/// `other` holds the fields that were not recognised. Defaults may be spelled out.
pub(super) fn refuse(other: &Map<String, Value>) -> Result<(), ApiError> {
    match other.iter().find(|(_, value)| !is_default(value)) {
        None => Ok(()),
        Some((field, _)) => Err(ApiError::unimplemented(format!(
            "gcp-local does not serve the field {field}."
        ))),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_default),
    }
}
