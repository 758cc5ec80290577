//! CRC32C and MD5 of an object, computed while its bytes pass by, and what clients claim about them.
//!
//! On the wire both are base64; CRC32C is the four big-endian bytes. Composed objects have no MD5, as on Google's side:
//! nobody wants to read terabytes again for it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::error::StorageError;

/// The checksums of stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksums {
    /// Always known.
    pub(crate) crc32c: u32,
    /// Unknown for composed objects.
    pub(crate) md5: Option<[u8; 16]>,
}

impl Checksums {
    pub(crate) fn crc32c_base64(&self) -> String {
        STANDARD.encode(self.crc32c.to_be_bytes())
    }

    pub(crate) fn md5_base64(&self) -> Option<String> {
        self.md5.map(|md5| STANDARD.encode(md5))
    }

    /// The value of the `x-goog-hash` header.
    pub(crate) fn goog_hash(&self) -> String {
        match self.md5_base64() {
            Some(md5) => format!("crc32c={},md5={md5}", self.crc32c_base64()),
            None => format!("crc32c={}", self.crc32c_base64()),
        }
    }
}

/// Sums bytes as they arrive.
pub(crate) struct Hasher {
    crc32c: u32,
    md5: md5::Context,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            crc32c: 0,
            md5: md5::Context::new(),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.md5.consume(bytes);
    }

    pub(crate) fn finish(self) -> Checksums {
        Checksums {
            crc32c: self.crc32c,
            md5: Some(self.md5.finalize().0),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("crc32c", &self.crc32c)
            .finish_non_exhaustive()
    }
}

/// What the uploader says the bytes sum up to; nothing said is nothing checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExpectedChecksums {
    pub(crate) crc32c: Option<u32>,
    pub(crate) md5: Option<[u8; 16]>,
}

impl ExpectedChecksums {
    /// Reads the `crc32c` and `md5Hash` fields of a JSON resource or of the trailing part of a multipart upload.
    pub(crate) fn from_json(resource: &serde_json::Value) -> Result<Self, StorageError> {
        let text = |field: &str| resource.get(field).and_then(serde_json::Value::as_str);
        let mut expected = Self::default();
        if let Some(value) = text("crc32c") {
            expected.set_crc32c(value)?;
        }
        if let Some(value) = text("md5Hash") {
            expected.set_md5(value)?;
        }
        Ok(expected)
    }

    /// Reads `x-goog-hash` (which may repeat and list several) and `content-md5`.
    pub(crate) fn from_headers(headers: &http::HeaderMap) -> Result<Self, StorageError> {
        let mut expected = Self::default();
        let hashes = headers
            .get_all("x-goog-hash")
            .iter()
            .filter_map(|value| value.to_str().ok());
        for claim in hashes.flat_map(|value| value.split(',')).map(str::trim) {
            match claim.split_once('=') {
                Some(("crc32c", value)) => expected.set_crc32c(value)?,
                Some(("md5", value)) => expected.set_md5(value)?,
                _ => {}
            }
        }
        if let Some(value) = headers
            .get("content-md5")
            .and_then(|value| value.to_str().ok())
        {
            expected.set_md5(value)?;
        }
        Ok(expected)
    }

    /// Later claims win where both speak.
    pub(crate) fn merged_with(self, later: Self) -> Self {
        Self {
            crc32c: later.crc32c.or(self.crc32c),
            md5: later.md5.or(self.md5),
        }
    }

    /// Compares the claims with what was stored.
    pub(crate) fn verify(&self, actual: &Checksums) -> Result<(), StorageError> {
        if let Some(claimed) = self.crc32c
            && claimed != actual.crc32c
        {
            let claimed = STANDARD.encode(claimed.to_be_bytes());
            return Err(StorageError::ChecksumMismatch {
                which: "CRC32C",
                claimed,
                actual: actual.crc32c_base64(),
            });
        }
        if let (Some(claimed), Some(md5)) = (self.md5, actual.md5)
            && claimed != md5
        {
            return Err(StorageError::ChecksumMismatch {
                which: "MD5",
                claimed: STANDARD.encode(claimed),
                actual: STANDARD.encode(md5),
            });
        }
        Ok(())
    }

    fn set_crc32c(&mut self, base64: &str) -> Result<(), StorageError> {
        self.crc32c = Some(u32::from_be_bytes(digest(base64, "CRC32C")?));
        Ok(())
    }

    fn set_md5(&mut self, base64: &str) -> Result<(), StorageError> {
        self.md5 = Some(digest(base64, "MD5")?);
        Ok(())
    }
}

fn digest<const N: usize>(base64: &str, which: &str) -> Result<[u8; N], StorageError> {
    STANDARD
        .decode(base64)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            StorageError::Invalid(format!(
                "Value for the {which} checksum must be {N} bytes of base64."
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_match_the_published_example() {
        let mut hasher = Hasher::new();
        hasher.update(b"hello ");
        hasher.update(b"world");
        let sums = hasher.finish();
        assert_eq!(
            sums.goog_hash(),
            "crc32c=yZRlqg==,md5=XrY7u+Ae7tCTyyK7j1rNww=="
        );
    }

    #[test]
    fn a_wrong_claim_is_refused_and_a_missing_one_is_not() {
        let actual = Checksums {
            crc32c: 7,
            md5: None,
        };
        assert!(ExpectedChecksums::default().verify(&actual).is_ok());
        assert!(
            ExpectedChecksums {
                crc32c: Some(8),
                md5: None
            }
            .verify(&actual)
            .is_err()
        );
        assert!(
            ExpectedChecksums {
                crc32c: Some(7),
                md5: Some([0; 16])
            }
            .verify(&actual)
            .is_ok()
        );
    }

    #[test]
    fn header_claims_are_read_from_every_place() {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            "x-goog-hash",
            http::HeaderValue::from_static("crc32c=yZRlqg==, md5=XrY7u+Ae7tCTyyK7j1rNww=="),
        );
        let expected = ExpectedChecksums::from_headers(&headers).unwrap();
        assert_eq!(
            expected.crc32c,
            Some(u32::from_be_bytes([0xc9, 0x94, 0x65, 0xaa]))
        );
        assert!(expected.md5.is_some());
        headers.insert("content-md5", http::HeaderValue::from_static("short"));
        assert!(ExpectedChecksums::from_headers(&headers).is_err());
    }
}
