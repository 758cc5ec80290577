//! `x-goog-content-length-range`: how long an upload may be, as its signer allowed.

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::error::StorageError;

/// Bounds of an object's size, both inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LengthRange {
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
}

impl LengthRange {
    /// No header is no bound.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, StorageError> {
        let Some(value) = headers.get("x-goog-content-length-range") else {
            return Ok(Self::default());
        };
        let text = value.to_str().unwrap_or_default();
        Self::parse(text).ok_or_else(|| {
            StorageError::Invalid(format!("Invalid x-goog-content-length-range: '{text}'"))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (min, max) = text.split_once(',')?;
        let (min, max) = (min.trim().parse().ok()?, max.trim().parse().ok()?);
        (min <= max).then_some(Self {
            min,
            max: Some(max),
        })
    }

    /// Whether an object may end at this size.
    pub(crate) fn check(&self, size: u64) -> Result<(), StorageError> {
        self.check_so_far(size)?;
        if size < self.min {
            return Err(StorageError::EntityTooSmall { min: self.min });
        }
        Ok(())
    }

    /// Whether an object may have this many bytes and more.
    pub(crate) fn check_so_far(&self, size: u64) -> Result<(), StorageError> {
        match self.max {
            Some(max) if size > max => Err(StorageError::EntityTooLarge { max }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_are_inclusive() {
        let range = LengthRange::parse("2,4").unwrap();
        assert!(matches!(
            range.check(1),
            Err(StorageError::EntityTooSmall { min: 2 })
        ));
        assert!(range.check(2).is_ok());
        assert!(range.check(4).is_ok());
        assert!(matches!(
            range.check(5),
            Err(StorageError::EntityTooLarge { max: 4 })
        ));
        assert!(range.check_so_far(0).is_ok());
    }

    #[test]
    fn an_unreadable_range_is_an_error_and_not_no_range() {
        for text in ["", "5", "5,", "4,2", "-1,5", "a,b"] {
            assert_eq!(LengthRange::parse(text), None, "{text}");
        }
    }
}
