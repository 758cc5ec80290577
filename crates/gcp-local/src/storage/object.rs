//! An object as the store knows it: identity, version, checksums and the attributes its owner may set.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{checksum::Checksums, error::StorageError};

/// Google's limit on an object's name, in bytes of UTF-8.
const MAX_NAME_BYTES: usize = 1024;

/// The live version of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) name: String,
    /// Microseconds since the epoch, never repeated.
    pub(crate) generation: i64,
    pub(crate) metageneration: i64,
    /// The file that holds the bytes; see [`super::blob`].
    pub(crate) blob: String,
    pub(crate) size: u64,
    pub(crate) checksums: Checksums,
    /// How many parts a composed object was made of, over all its ancestors.
    pub(crate) component_count: Option<u32>,
    pub(crate) attributes: Attributes,
    /// Whether anybody may read it, whatever its bucket says.
    pub(crate) access: Access,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
}

/// Who may read without credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Access {
    #[default]
    Private,
    PublicRead,
}

impl Access {
    /// Reads a predefined ACL's name, of the JSON API (`publicRead`) or of the XML API (`public-read`).
    pub(crate) fn from_predefined(acl: &str) -> Self {
        match acl {
            "publicRead" | "public-read" | "publicReadWrite" | "public-read-write" => {
                Self::PublicRead
            }
            _ => Self::Private,
        }
    }
}

/// The metadata a caller sets; the names are those of the JSON resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_class: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Object {
    pub(crate) fn content_type(&self) -> &str {
        self.attributes
            .content_type
            .as_deref()
            .unwrap_or("application/octet-stream")
    }

    pub(crate) fn storage_class(&self) -> &str {
        self.attributes
            .storage_class
            .as_deref()
            .unwrap_or("STANDARD")
    }

    /// The entity tag of the resource: it changes with the bytes and with the metadata.
    pub(crate) fn etag(&self) -> String {
        STANDARD.encode(format!("{}/{}", self.generation, self.metageneration))
    }

    /// The entity tag of the bytes, quoted: the MD5 where there is one, as in the XML API.
    pub(crate) fn content_etag(&self) -> String {
        match self.checksums.md5 {
            Some(md5) => format!("\"{}\"", hex::encode(md5)),
            None => format!("\"{}\"", STANDARD.encode(self.generation.to_be_bytes())),
        }
    }
}

/// Refuses the names Google refuses: empty, too long, with line breaks, or `.` and `..`.
pub(crate) fn check_object_name(name: &str) -> Result<(), StorageError> {
    let problem = if name.is_empty() {
        "Required object name is missing."
    } else if name.len() > MAX_NAME_BYTES {
        "Object names are limited to 1024 bytes."
    } else if name.contains(['\r', '\n', '\0']) {
        "Object names must not contain line breaks."
    } else if name == "." || name == ".." || name.starts_with(".well-known/acme-challenge/") {
        "This object name is reserved."
    } else {
        return Ok(());
    };
    Err(StorageError::Invalid(problem.to_owned()))
}

#[cfg(test)]
pub(crate) fn sample() -> Object {
    Object {
        bucket: "media".into(),
        name: "reels/1.mp4".into(),
        generation: 1_700_000_000_000_000,
        metageneration: 1,
        blob: "b1".into(),
        size: 10,
        checksums: Checksums {
            crc32c: 1,
            md5: Some([7; 16]),
        },
        component_count: None,
        attributes: Attributes {
            content_type: Some("video/mp4".into()),
            ..Attributes::default()
        },
        access: Access::Private,
        created: DateTime::UNIX_EPOCH,
        updated: DateTime::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_allowed_and_dangerous_ones_are_only_names() {
        for name in [
            "a",
            "../../etc/passwd",
            "a//b",
            "/leading",
            "é ñ %2F",
            "a?b#c",
        ] {
            assert!(check_object_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a\nb", &"x".repeat(1025)] {
            assert!(check_object_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_content_tag_survives_a_metadata_change_and_the_resource_tag_does_not() {
        let before = sample();
        let after = Object {
            metageneration: 2,
            ..sample()
        };
        assert_eq!(before.content_etag(), after.content_etag());
        assert_ne!(before.etag(), after.etag());
    }
}
