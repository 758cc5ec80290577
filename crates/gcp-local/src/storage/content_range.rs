//! `Content-Range` of the chunks of a resumable upload.

use http::HeaderMap;

use super::error::StorageError;

/// What part of the object a request carries. Positions are offsets; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkRange {
    /// `bytes */*` or `bytes */T`: no bytes; asks how far the upload is, and with a total that has
    /// been reached, completes it.
    Query { total: Option<u64> },
    /// `bytes a-b/T` or `bytes a-b/*`: a chunk.
    Chunk {
        start: u64,
        end: u64,
        total: Option<u64>,
    },
    /// `bytes a-*/*`, or no header at all: everything from `a` on; the end of the body is the end
    /// of the object.
    Rest { start: u64, total: Option<u64> },
}

impl ChunkRange {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, StorageError> {
        let Some(value) = headers.get(http::header::CONTENT_RANGE) else {
            return Ok(Self::Rest {
                start: 0,
                total: None,
            });
        };
        let text = value.to_str().unwrap_or_default();
        Self::parse(text).ok_or_else(|| {
            StorageError::Invalid(format!("Failed to parse Content-Range header '{text}'."))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
        let total = if total == "*" {
            None
        } else {
            Some(total.parse().ok()?)
        };
        if range == "*" {
            return Some(Self::Query { total });
        }
        let (start, last) = range.split_once('-')?;
        let start = start.parse().ok()?;
        if last == "*" {
            return Some(Self::Rest { start, total });
        }
        let end = last.parse::<u64>().ok()?.checked_add(1)?;
        let ordered = start < end && total.is_none_or(|total| end <= total);
        ordered.then_some(Self::Chunk { start, end, total })
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Query { .. })
    }

    pub(crate) fn start(&self) -> u64 {
        match self {
            Self::Query { .. } => 0,
            Self::Chunk { start, .. } | Self::Rest { start, .. } => *start,
        }
    }

    /// Where the body must end, where that is said.
    pub(crate) fn end(&self) -> Option<u64> {
        match self {
            Self::Chunk { end, .. } => Some(*end),
            Self::Rest { total, .. } => *total,
            Self::Query { .. } => None,
        }
    }

    pub(crate) fn total(&self) -> Option<u64> {
        match self {
            Self::Query { total } | Self::Chunk { total, .. } | Self::Rest { total, .. } => *total,
        }
    }

    /// Whether the object is complete when it has `size` bytes after this request.
    pub(crate) fn completes(&self, size: u64) -> bool {
        match self {
            Self::Query { total } | Self::Chunk { total, .. } => *total == Some(size),
            Self::Rest { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_send_is_understood() {
        let cases = [
            ("bytes */*", ChunkRange::Query { total: None }),
            ("bytes */0", ChunkRange::Query { total: Some(0) }),
            (
                "bytes 0-9/*",
                ChunkRange::Chunk {
                    start: 0,
                    end: 10,
                    total: None,
                },
            ),
            (
                "bytes 5-9/10",
                ChunkRange::Chunk {
                    start: 5,
                    end: 10,
                    total: Some(10),
                },
            ),
            (
                "bytes 0-*/*",
                ChunkRange::Rest {
                    start: 0,
                    total: None,
                },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(ChunkRange::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "bytes",
            "bytes 9-5/10",
            "bytes 0-10/10",
            "bytes a-b/c",
            "items 0-1/2",
        ] {
            assert_eq!(ChunkRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_last_chunk_completes() {
        assert!(
            !ChunkRange::Chunk {
                start: 0,
                end: 5,
                total: Some(10)
            }
            .completes(5)
        );
        assert!(
            ChunkRange::Chunk {
                start: 5,
                end: 10,
                total: Some(10)
            }
            .completes(10)
        );
        assert!(
            !ChunkRange::Chunk {
                start: 0,
                end: 5,
                total: None
            }
            .completes(5)
        );
        assert!(ChunkRange::Query { total: Some(5) }.completes(5));
        assert!(!ChunkRange::Query { total: None }.completes(5));
    }
}
