//! Fields of JSON bodies, read strictly: text is text, or the request is refused.

use avvivo_kernel::{ErrorKind, Fault};
use serde_json::{Map, Value};

use crate::text::{self, MAX_URL_CHARS};

/// The largest count that the database keeps.
const MAX_COUNT: u32 = 2_147_483_647;

/// What a request says of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// Null or blank: it goes.
    Clear,
    /// A value.
    Set(T),
}

impl<T> Change<T> {
    /// The value after the change.
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The new value, if there is one.
    pub fn value(self) -> Option<T> {
        self.over(None)
    }

    /// Whether the request speaks of the field at all.
    pub fn is_sent(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The value after the change, where nothing is a value, too.
    pub fn or_empty(self, current: T) -> T
    where
        T: Default,
    {
        self.over(Some(current)).unwrap_or_default()
    }

    /// Turns the value into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Change<U> {
        self.and_then(|value| Some(turn(value)))
    }

    /// Reads the value on.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(read(value)?),
        })
    }

    /// Reads the value on; what turns out to be nothing is cleared.
    pub fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => read(value).map_or(Change::Clear, Change::Set),
        }
    }
}

/// Why a field cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It has to be there.
    #[error("{field} is missing")]
    Missing {
        /// Which one, as clients spell it.
        field: &'static str,
    },
    /// It is of another type, or out of range.
    #[error("{field} cannot be meant")]
    Wrong {
        /// Which one, as clients spell it.
        field: &'static str,
    },
    /// It is too long.
    #[error("{field} is longer than {max}")]
    TooLong {
        /// Which one, as clients spell it.
        field: &'static str,
        /// How many characters or entries it may have.
        max: usize,
    },
}

impl Fault for FieldError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } | Self::Wrong { .. } | Self::TooLong { .. } => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "field.missing",
            Self::Wrong { .. } => "field.invalid",
            Self::TooLong { .. } => "field.too_long",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Missing { field } => format!("Completá el campo {field}."),
            Self::Wrong { field } => format!("El campo {field} no es válido."),
            Self::TooLong { field, max } => {
                format!("El campo {field} es demasiado largo: admite hasta {max}.")
            }
        }
    }
}

/// The fields of an object.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Of this object.
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Self(object)
    }

    /// The field as it was sent.
    pub fn raw(self, field: &str) -> Option<&'a Value> {
        self.0.get(field)
    }

    /// Text of at most `max` characters, cleaned; blank is none.
    pub fn text(self, field: &'static str, max: usize) -> Result<Change<String>, FieldError> {
        self.read(field, |value| {
            let text = text::clean(value.as_str().ok_or(FieldError::Wrong { field })?);
            if text::is_longer(&text, max) {
                return Err(FieldError::TooLong { field, max });
            }
            Ok((!text.is_empty()).then_some(text))
        })
    }

    /// An address on the web, in whatever form people write them; none that a browser would run.
    pub fn url(self, field: &'static str) -> Result<Change<String>, FieldError> {
        self.text(field, MAX_URL_CHARS)?.try_map(|typed| {
            if text::is_executable(&typed) {
                Err(FieldError::Wrong { field })
            } else {
                Ok(typed)
            }
        })
    }

    /// True or false, and nothing that merely looks like it.
    pub fn flag(self, field: &'static str) -> Result<Change<bool>, FieldError> {
        self.read(field, |value| {
            value.as_bool().map(Some).ok_or(FieldError::Wrong { field })
        })
    }

    /// A count; text of digits is one, and fractions are cut.
    pub fn count(self, field: &'static str) -> Result<Change<u32>, FieldError> {
        self.read(field, |value| {
            number(value)
                .and_then(whole)
                .map(Some)
                .ok_or(FieldError::Wrong { field })
        })
    }

    /// A list of texts, cleaned; blank ones are dropped.
    pub fn texts(
        self,
        field: &'static str,
        max_items: usize,
        max_chars: usize,
    ) -> Result<Change<Vec<String>>, FieldError> {
        self.read(field, |value| {
            let items = value.as_array().ok_or(FieldError::Wrong { field })?;
            if items.len() > max_items {
                return Err(FieldError::TooLong {
                    field,
                    max: max_items,
                });
            }
            let mut texts = Vec::new();
            for item in items {
                let item = text::clean(item.as_str().ok_or(FieldError::Wrong { field })?);
                if text::is_longer(&item, max_chars) {
                    return Err(FieldError::TooLong {
                        field,
                        max: max_chars,
                    });
                }
                if !item.is_empty() {
                    texts.push(item);
                }
            }
            Ok(Some(texts))
        })
    }

    /// An object.
    pub fn object(self, field: &'static str) -> Result<Change<&'a Map<String, Value>>, FieldError> {
        match self.0.get(field) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Clear),
            Some(value) => value
                .as_object()
                .map(Change::Set)
                .ok_or(FieldError::Wrong { field }),
        }
    }

    fn read<T>(
        self,
        field: &str,
        read: impl FnOnce(&Value) -> Result<Option<T>, FieldError>,
    ) -> Result<Change<T>, FieldError> {
        match self.0.get(field) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Clear),
            Some(value) => Ok(read(value)?.map_or(Change::Clear, Change::Set)),
        }
    }
}

/// A number, or a number written as text.
pub fn number(value: &Value) -> Option<f64> {
    let read = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    read.filter(|number| number.is_finite())
}

/// The whole part of a number that may be a count.
pub fn whole(number: f64) -> Option<u32> {
    // A conversion by digits cannot wrap or saturate.
    let digits = format!("{:.0}", number.trunc().abs());
    let count = digits.parse().ok().filter(|count| *count <= MAX_COUNT)?;
    (number.trunc() >= 0.0).then_some(count)
}

/// JSON as the database can keep it: without the character of code zero.
pub fn storable(object: &Map<String, Value>) -> Map<String, Value> {
    let clean = |text: &str| text.replace('\0', "");
    object
        .iter()
        .map(|(key, value)| (clean(key), storable_value(value)))
        .collect()
}

fn storable_value(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace('\0', "").into(),
        Value::Array(items) => items.iter().map(storable_value).collect(),
        Value::Object(object) => storable(object).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// How much room an object takes as text.
pub fn bytes(object: &Map<String, Value>) -> usize {
    // An object of JSON can always be written; one that could not would be too large to keep.
    serde_json::to_vec(object).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn absent_null_blank_and_given_are_told_apart() {
        let body = object(&json!({"null": null, "blank": "  ", "given": " a  b "}));
        let fields = Fields::of(&body);
        assert_eq!(fields.text("absent", 9), Ok(Change::Keep));
        assert_eq!(fields.text("null", 9), Ok(Change::Clear));
        assert_eq!(fields.text("blank", 9), Ok(Change::Clear));
        assert_eq!(fields.text("given", 9), Ok(Change::Set("a b".to_owned())));
        assert_eq!(
            fields.text("given", 2),
            Err(FieldError::TooLong {
                field: "given",
                max: 2
            })
        );
    }

    #[test]
    fn nothing_is_taken_for_what_it_is_not() {
        let body = object(
            &json!({"f": {}, "b": "false", "n": "x", "t": [1], "neg": -1, "big": 3e9, "o": []}),
        );
        let fields = Fields::of(&body);
        let wrong = |field| Err(FieldError::Wrong { field });
        assert_eq!(fields.text("f", 9), wrong("f"));
        assert_eq!(fields.flag("b"), Err(FieldError::Wrong { field: "b" }));
        assert_eq!(fields.count("n"), Err(FieldError::Wrong { field: "n" }));
        assert_eq!(fields.count("neg"), Err(FieldError::Wrong { field: "neg" }));
        assert_eq!(fields.count("big"), Err(FieldError::Wrong { field: "big" }));
        assert_eq!(
            fields.texts("t", 9, 9),
            Err(FieldError::Wrong { field: "t" })
        );
        assert_eq!(fields.object("o"), Err(FieldError::Wrong { field: "o" }));
    }

    #[test]
    fn counts_and_lists_are_read() {
        let body = object(&json!({"n": "12", "f": 2.9, "t": [" a ", " "], "many": ["a", "b"]}));
        let fields = Fields::of(&body);
        assert_eq!(fields.count("n"), Ok(Change::Set(12)));
        assert_eq!(fields.count("f"), Ok(Change::Set(2)));
        assert_eq!(
            fields.texts("t", 2, 1),
            Ok(Change::Set(vec!["a".to_owned()]))
        );
        assert_eq!(
            fields.texts("many", 1, 9),
            Err(FieldError::TooLong {
                field: "many",
                max: 1
            })
        );
    }

    proptest! {
        #[test]
        fn whole_numbers_never_wrap(number in any::<f64>()) {
            if let Some(count) = whole(number) {
                prop_assert!((f64::from(count) - number.trunc()).abs() < 0.5);
            }
        }
    }
}
