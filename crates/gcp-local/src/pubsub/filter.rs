//! The subscription filter language: which messages of a topic a subscription gets.
//!
//! ```text
//! filter  = term { "AND" term } | term { "OR" term }      AND and OR mix only in parentheses
//! term    = "NOT" term | "-" term | "(" filter ")" | test
//! test    = "attributes" ":" key
//!         | "attributes" "." key ("=" | "!=") string
//!         | "hasPrefix" "(" "attributes" "." key "," string ")"
//! key     = identifier | string
//! ```

mod parser;
mod token;

use std::collections::HashMap;

use crate::wire::ApiError;

/// Google's bound on the length of a filter.
const MAX_BYTES: usize = 256;

/// A parsed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// The attribute is there, whatever its value.
    Has(String),
    Equals(String, String),
    Prefix(String, String),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Filter {
    /// Parses `source`; `None` for the empty filter, which lets everything pass.
    pub(super) fn parse(source: &str) -> Result<Option<Self>, ApiError> {
        if source.trim().is_empty() {
            return Ok(None);
        }
        if source.len() > MAX_BYTES {
            return Err(ApiError::invalid(format!(
                "The filter is longer than {MAX_BYTES} bytes."
            )));
        }
        parser::parse(source).map(Some).map_err(|reason| {
            ApiError::invalid(format!("Invalid filter: {reason} (filter={source})."))
        })
    }

    pub(super) fn matches(&self, attributes: &HashMap<String, String>) -> bool {
        match self {
            Self::Has(key) => attributes.contains_key(key),
            Self::Equals(key, value) => attributes.get(key) == Some(value),
            Self::Prefix(key, prefix) => attributes
                .get(key)
                .is_some_and(|value| value.starts_with(prefix)),
            Self::Not(inner) => !inner.matches(attributes),
            Self::And(all) => all.iter().all(|filter| filter.matches(attributes)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(attributes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filter: &str, attributes: &[(&str, &str)]) -> bool {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Filter::parse(filter)
            .unwrap()
            .is_none_or(|filter| filter.matches(&attributes))
    }

    #[test]
    fn tests_look_at_keys_values_and_prefixes() {
        assert!(passes("attributes:a", &[("a", "")]));
        assert!(!passes("attributes:a", &[("b", "")]));
        assert!(passes(r#"attributes.a = "x""#, &[("a", "x")]));
        assert!(!passes(r#"attributes.a="x""#, &[("a", "y")]));
        assert!(passes(r#"attributes.a != "x""#, &[("a", "y")]));
        assert!(passes(r#"attributes.a != "x""#, &[]));
        assert!(passes(r#"hasPrefix(attributes.a, "ab")"#, &[("a", "abc")]));
        assert!(!passes(r#"hasPrefix(attributes.a, "b")"#, &[("a", "abc")]));
        assert!(passes(
            r#"attributes:"iana.org/lang""#,
            &[("iana.org/lang", "en")]
        ));
        assert!(passes(
            r#"attributes.a = "\"q\"\\\u00e9\x41\101""#,
            &[("a", "\"q\"\\éAA")]
        ));
        assert!(passes("", &[]));
    }

    #[test]
    fn boolean_operators_combine_tests() {
        let both = [("a", "1"), ("b", "2")];
        assert!(passes(r#"attributes:a AND attributes.b = "2""#, &both));
        assert!(!passes("attributes:a AND NOT attributes:b", &both));
        assert!(!passes("attributes:a AND -attributes:b", &both));
        assert!(passes(
            "attributes:x OR attributes:y OR attributes:b",
            &both
        ));
        assert!(passes(
            "attributes:a AND (attributes:x OR attributes:b)",
            &both
        ));
        assert!(passes("NOT (attributes:x OR attributes:y)", &both));
    }

    #[test]
    fn what_google_refuses_is_refused() {
        for filter in [
            "attributes",
            "attributes.a",
            "attributes.a = x",
            r#"attributes.a == "x""#,
            r#"attributes.a = "x"#,
            r#"attributes.a > "x""#,
            "data:a",
            "attributes:a AND",
            "attributes:a attributes:b",
            "attributes:a and attributes:b",
            "attributes:a AND attributes:b OR attributes:c",
            "(attributes:a",
            "attributes:a)",
            r#"hasPrefix(attributes:a, "x")"#,
            r#"hasSuffix(attributes.a, "x")"#,
            r#"attributes.a = "\q""#,
            r#"attributes.a = "\ud800""#,
            &format!("attributes:{}", "a".repeat(256)),
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
