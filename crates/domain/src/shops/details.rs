//! The address of a shop in parts, as clients send and read it.

use serde_json::{Map, Value};

use super::edit::Editor;
use crate::{
    fields::{self, Change, FieldError, Fields},
    text::{self, MAX_NAME_CHARS, MAX_URL_CHARS},
};

/// More than an address, its links and what an import left.
const MAX_DETAILS_BYTES: usize = 16 * 1024;
/// The field of requests.
pub(crate) const FIELD: &str = "addressDetails";

/// What is shown when it is not blank.
const TEXTS: [&str; 14] = [
    "zip",
    "city",
    "number",
    "street",
    "province",
    "mapsUrl",
    "catalogUrl",
    "imageUrl",
    "storeImageUrl",
    "contactName",
    "reference",
    "galleryName",
    "galleryLocal",
    "galleryFloor",
];

/// Of those, what compares shops by where they are, and so is kept in an index.
const PLACE: [&str; 4] = ["street", "number", "city", "province"];
/// Of those, what pages show as links and pictures.
const URLS: [&str; 4] = ["mapsUrl", "catalogUrl", "imageUrl", "storeImageUrl"];
/// Where it is on the map.
const POINT: [&str; 2] = ["lat", "lng"];

const WRONG: FieldError = FieldError::Wrong { field: FIELD };

/// Reads the field `addressDetails`: known parts are plain values, the whole is bounded. Of unknown parts, which an import
/// left, administrators may write some; an owner's are left out without a word.
pub fn read(fields: Fields<'_>, editor: Editor) -> Result<Change<Map<String, Value>>, FieldError> {
    fields.object(FIELD)?.try_map(|sent| {
        let mut details = fields::storable(sent);
        if editor == Editor::Owner {
            details.retain(|key, _| is_known(key));
        }
        for key in POINT {
            // An import wrote nothing as a blank, and pages send it back.
            if details.get(key).is_some_and(is_blank_text) {
                details.insert(key.to_owned(), Value::Null);
            }
        }
        for (key, value) in &details {
            check(key, value)?;
        }
        bounded(FIELD, 0, details)
    })
}

fn is_blank_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn is_known(key: &str) -> bool {
    TEXTS.contains(&key) || POINT.contains(&key) || key == "isGallery"
}

fn check(key: &str, value: &Value) -> Result<(), FieldError> {
    if POINT.contains(&key) {
        let somewhere = value.is_null() || fields::number(value).is_some();
        return if somewhere { Ok(()) } else { Err(WRONG) };
    }
    if !TEXTS.contains(&key) {
        return Ok(());
    }
    match value {
        Value::Object(_) | Value::Array(_) => Err(WRONG),
        Value::String(text) => {
            let max = if PLACE.contains(&key) {
                MAX_NAME_CHARS
            } else {
                MAX_URL_CHARS
            };
            if text::is_longer(text, max) {
                Err(FieldError::TooLong { field: FIELD, max })
            } else if URLS.contains(&key) && text::is_executable(text) {
                Err(WRONG)
            } else {
                Ok(())
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Refuses what takes more room than an object may, unless it took as much before.
fn bounded(
    field: &'static str,
    before: usize,
    object: Map<String, Value>,
) -> Result<Map<String, Value>, FieldError> {
    if fields::bytes(&object) > MAX_DETAILS_BYTES.max(before) {
        let max = MAX_DETAILS_BYTES;
        return Err(FieldError::TooLong { field, max });
    }
    Ok(object)
}

/// What is stored of `field` after a change: what the client names replaces what was there, and what it leaves out stays,
/// because clients know only some of the keys. Together it is bounded, too.
pub fn merge(
    field: &'static str,
    current: Option<Map<String, Value>>,
    sent: Map<String, Value>,
) -> Result<Map<String, Value>, FieldError> {
    let mut merged = current.unwrap_or_default();
    let before = fields::bytes(&merged);
    merged.extend(sent);
    bounded(field, before, merged)
}

/// A part as text, none when blank.
pub fn part(details: Option<&Map<String, Value>>, key: &str) -> Option<String> {
    let text = match details?.get(key)? {
        Value::String(text) => text::clean(text),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A coordinate, if it is one.
pub fn coordinate(details: Option<&Map<String, Value>>, key: &str) -> Option<f64> {
    details?.get(key).and_then(fields::number)
}

/// What everybody may read: known parts that are not blank.
pub fn shown(details: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = Map::new();
    for key in POINT {
        if let Some(value) = details.get(key) {
            shown.insert(key.to_owned(), value.clone());
        }
    }
    for key in TEXTS {
        if let Some(value) = details.get(key).filter(|value| !is_blank(value)) {
            shown.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(value) = details.get("isGallery") {
        shown.insert("isGallery".to_owned(), (!is_blank(value)).into());
    }
    shown
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_a_client_leaves_out_stays() {
        let current =
            map(&json!({"street": "Cuenca", "lat": -34.6, "legacyUid": "20417", "odd": [1]}));
        let merged = merge(
            FIELD,
            Some(current),
            map(&json!({"street": "Helguera", "lat": null})),
        );
        assert_eq!(
            Value::Object(merged.unwrap()),
            json!({"street": "Helguera", "lat": null, "legacyUid": "20417", "odd": [1]})
        );
        assert_eq!(
            Value::Object(merge(FIELD, None, map(&json!({"a": 1}))).unwrap()),
            json!({"a": 1})
        );
    }

    #[test]
    fn everybody_reads_the_known_parts_that_are_not_blank() {
        let details = map(&json!({
            "lat": null, "lng": -58.4, "zip": "", "city": "CABA", "number": 612, "street": null,
            "isGallery": 0, "legacyUid": "20417", "galleryLocal": " ",
        }));
        assert_eq!(
            Value::Object(shown(&details)),
            json!({"lat": null, "lng": -58.4, "city": "CABA", "number": 612, "isGallery": false})
        );
        let gallery = map(&json!({"isGallery": true}));
        assert_eq!(Value::Object(shown(&gallery)), json!({"isGallery": true}));
        assert!(shown(&Map::new()).is_empty());
    }

    #[test]
    fn details_are_bounded_and_can_be_stored() {
        let read = |sent: Value| {
            let body = map(&json!({ "addressDetails": sent }));
            read(Fields::of(&body), Editor::Admin).map(Change::value)
        };
        let kept = read(json!({"street": "a\0b", "extra": {"x\0": 1}}))
            .unwrap()
            .unwrap();
        assert_eq!(
            Value::Object(kept),
            json!({"street": "ab", "extra": {"x": 1}})
        );
        let blank = read(json!({"lat": "", "lng": " "})).unwrap().unwrap();
        assert_eq!(Value::Object(blank), json!({"lat": null, "lng": null}));
        assert!(read(json!({"lat": "cerca"})).is_err());
        assert!(read(json!({"street": {}})).is_err());
        assert!(read(json!({"street": "x".repeat(2049)})).is_err());
        assert!(read(json!({"odd": "x".repeat(17_000)})).is_err());
        assert!(read(json!([])).is_err());
        assert_eq!(read(Value::Null), Ok(None));
    }

    #[test]
    fn parts_are_text_even_when_sent_as_numbers() {
        let details = map(
            &json!({"number": 612, "street": " Cuenca ", "zip": " ", "lat": "-34.5", "lng": {}}),
        );
        let part = |key| part(Some(&details), key);
        assert_eq!(part("number").as_deref(), Some("612"));
        assert_eq!(part("street").as_deref(), Some("Cuenca"));
        assert_eq!((part("zip"), part("city")), (None, None));
        assert_eq!(coordinate(Some(&details), "lat"), Some(-34.5));
        assert_eq!(coordinate(Some(&details), "lng"), None);
    }
}
