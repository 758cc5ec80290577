//! `Range` of a download: one range of bytes, as video players ask for.

use http::HeaderMap;

use super::error::StorageError;

/// A part of an object; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl ByteRange {
    /// The range that was asked for of an object of `size` bytes; none for the whole object. What
    /// cannot be read as one range is ignored, as HTTP demands; several ranges are too.
    pub(crate) fn from_headers(
        headers: &HeaderMap,
        size: u64,
    ) -> Result<Option<Self>, StorageError> {
        let text = headers
            .get(http::header::RANGE)
            .and_then(|value| value.to_str().ok());
        let Some((first, last)) = text.and_then(parse) else {
            return Ok(None);
        };
        let range = match (first, last) {
            (Some(start), last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                Self { start, end }
            }
            (None, Some(suffix)) => Self {
                start: size.saturating_sub(suffix),
                end: size,
            },
            (None, None) => return Ok(None),
        };
        if range.start < range.end {
            Ok(Some(range))
        } else {
            Err(StorageError::RangeNotSatisfiable { size })
        }
    }

    pub(crate) fn len(self) -> u64 {
        self.end - self.start
    }

    /// The value of `Content-Range`.
    pub(crate) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.start, self.end - 1)
    }
}

fn parse(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| -> Option<Option<u64>> {
        if text.is_empty() {
            Some(None)
        } else {
            text.trim().parse().ok().map(Some)
        }
    };
    let (first, last) = (number(first)?, number(last)?);
    match (first, last) {
        (Some(first), Some(last)) if first > last => None,
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str, size: u64) -> Result<Option<ByteRange>, StorageError> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::RANGE, http::HeaderValue::from_static(text));
        ByteRange::from_headers(&headers, size)
    }

    #[test]
    fn first_open_and_suffix_ranges_are_cut_to_the_object() {
        for (text, start, end) in [
            ("bytes=0-0", 0, 1),
            ("bytes=2-5", 2, 6),
            ("bytes=2-", 2, 10),
            ("bytes=8-99", 8, 10),
            ("bytes=-3", 7, 10),
            ("bytes=-99", 0, 10),
        ] {
            assert_eq!(
                of(text, 10).unwrap(),
                Some(ByteRange { start, end }),
                "{text}"
            );
        }
    }

    #[test]
    fn what_lies_outside_cannot_be_satisfied() {
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            let refused = of(text, 10);
            assert!(
                matches!(refused, Err(StorageError::RangeNotSatisfiable { size: 10 })),
                "{text}"
            );
        }
        assert!(of("bytes=0-", 0).is_err());
    }

    #[test]
    fn unreadable_and_multiple_ranges_are_ignored() {
        for text in [
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=a-b",
        ] {
            assert_eq!(of(text, 10).unwrap(), None, "{text}");
        }
    }
}
