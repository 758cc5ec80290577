//! A bucket: its settings, who may read its objects, and which web origins may talk to it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cors::CorsRule;
use super::error::StorageError;
use super::object::Access;

/// A bucket as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) project: String,
    pub(crate) metageneration: i64,
    pub(crate) settings: Settings,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
}

/// What an owner may configure, of what this server acts on or gives back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    pub(crate) location: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) cors: Vec<CorsRule>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) access: Access,
    /// The bindings of the bucket's IAM policy, as set.
    pub(crate) iam_bindings: Vec<Value>,
}

/// Roles that let a member of a binding read objects.
const READER_ROLES: [&str; 4] = [
    "roles/storage.objectViewer",
    "roles/storage.legacyObjectReader",
    "roles/storage.objectAdmin",
    "roles/storage.admin",
];

impl Bucket {
    /// Whether anybody may read its objects: by its access control list or by its IAM policy.
    pub(crate) fn objects_are_public(&self) -> bool {
        self.settings.access == Access::PublicRead
            || self.settings.iam_bindings.iter().any(grants_public_read)
    }

    pub(crate) fn location(&self) -> &str {
        self.settings.location.as_deref().unwrap_or("US")
    }

    pub(crate) fn storage_class(&self) -> &str {
        self.settings.storage_class.as_deref().unwrap_or("STANDARD")
    }
}

fn grants_public_read(binding: &Value) -> bool {
    let role = binding
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let members = binding.get("members").and_then(Value::as_array);
    READER_ROLES.contains(&role)
        && members.is_some_and(|members| members.iter().any(|member| member == "allUsers"))
}

/// Google's naming rules, as far as they keep a name usable as one path segment and host label.
pub(crate) fn check_bucket_name(name: &str) -> Result<(), StorageError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let longest = if name.contains('.') { 222 } else { 63 };
    let valid = (3..=longest).contains(&name.len())
        && name.chars().all(allowed)
        && edge(name.chars().next())
        && edge(name.chars().last())
        && !name.contains("..");
    if valid {
        Ok(())
    } else {
        Err(StorageError::Invalid(format!(
            "Invalid bucket name: '{name}'"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules() {
        for name in ["abc", "reels-media", "a.b_c-d", "000"] {
            assert!(check_bucket_name(name).is_ok(), "{name}");
        }
        for name in [
            "ab",
            "Upper",
            "-abc",
            "abc-",
            "a..b",
            "a/b",
            "ä-bucket",
            &"x".repeat(64),
        ] {
            assert!(check_bucket_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_public_policy_makes_objects_public() {
        let viewer = |member: &str| serde_json::json!({ "role": "roles/storage.objectViewer", "members": [member] });
        assert!(grants_public_read(&viewer("allUsers")));
        assert!(!grants_public_read(&viewer("user:a@example.com")));
    }
}
