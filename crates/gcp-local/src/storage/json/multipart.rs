//! `multipart/related` bodies, read as they arrive: the media part may be of any length.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

use crate::storage::error::StorageError;

/// Bound of one part's headers.
const MAX_HEADERS: usize = 16 * 1024;

/// Splits a body at its boundary. Parts are read in order: headers, then data to its end.
pub(super) struct Multipart<S> {
    body: S,
    buffer: BytesMut,
    delimiter: Vec<u8>,
}

impl<S, E> Multipart<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// `content_type` is the request's, with the boundary in it.
    pub(super) fn new(content_type: &str, body: S) -> Result<Self, StorageError> {
        let boundary = boundary(content_type)
            .ok_or_else(|| malformed("The multipart request has no boundary."))?;
        // The first boundary has no line break before it; this makes all alike.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        Ok(Self {
            body,
            buffer,
            delimiter: format!("\r\n--{boundary}").into_bytes(),
        })
    }

    /// Goes on to the next part, past whatever is left of this one; none after the last.
    pub(super) async fn next_part(&mut self) -> Result<Option<HeaderMap>, StorageError> {
        while self.data().await?.is_some() {}
        let after = self.delimiter.len();
        self.fill(after + 2).await?;
        drop(self.buffer.split_to(after));
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        let end = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.buffer.len() > MAX_HEADERS {
                return Err(malformed("The headers of a part are too long."));
            }
            self.fill(self.buffer.len() + 1).await?;
        };
        let headers = self.buffer.split_to(end + 4);
        Ok(Some(parse_headers(&headers)))
    }

    /// The next bytes of the current part; none at its end.
    pub(super) async fn data(&mut self) -> Result<Option<Bytes>, StorageError> {
        loop {
            if let Some(end) = memmem::find(&self.buffer, &self.delimiter) {
                let rest = self.buffer.split_to(end).freeze();
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
            // The end of the buffer may be the beginning of the delimiter.
            let certain = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if certain > 0 {
                return Ok(Some(self.buffer.split_to(certain).freeze()));
            }
            self.fill(self.buffer.len() + 1).await?;
        }
    }

    /// The rest of the current part in memory.
    pub(super) async fn text(&mut self, limit: usize) -> Result<Bytes, StorageError> {
        let mut text = BytesMut::new();
        while let Some(data) = self.data().await? {
            text.extend_from_slice(&data);
            if text.len() > limit {
                return Err(malformed("A part with metadata is too long."));
            }
        }
        Ok(text.freeze())
    }

    async fn fill(&mut self, length: usize) -> Result<(), StorageError> {
        while self.buffer.len() < length {
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(_)) | None => return Err(StorageError::BodyInterrupted),
            }
        }
        Ok(())
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    parameters
        .split(';')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches(['"', '\'']))
        .filter(|value| !value.is_empty())
}

fn parse_headers(block: &[u8]) -> HeaderMap {
    let text = String::from_utf8_lossy(block);
    let mut headers = HeaderMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.trim()),
            HeaderValue::try_from(value.trim()),
        ) {
            headers.insert(name, value);
        }
    }
    headers
}

fn malformed(problem: &str) -> StorageError {
    StorageError::Invalid(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    type Parts = Result<Vec<(Option<String>, Vec<u8>)>, StorageError>;

    async fn read(body: &[u8], piece: usize) -> Parts {
        let pieces: Vec<Result<Bytes, Infallible>> = body
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let body = futures::stream::iter(pieces);
        let mut multipart = Multipart::new("multipart/related; boundary=\"b0\"", body)?;
        let mut parts = Vec::new();
        while let Some(headers) = multipart.next_part().await? {
            let kind = headers
                .get("content-type")
                .map(|v| v.to_str().unwrap().to_owned());
            parts.push((kind, multipart.text(1 << 20).await?.to_vec()));
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn parts_are_found_wherever_the_pieces_break() {
        let body = b"--b0\r\nContent-Type: application/json\r\n\r\n{}\r\n--b0\r\n\
            content-type: video/mp4\r\n\r\n\r\n--b\r\n--b1\r\n\r\n--b0\r\n\r\n\r\n--b0--\r\n";
        for piece in 1..body.len() {
            let parts = read(body, piece).await.unwrap();
            assert_eq!(parts.len(), 3, "pieces of {piece}");
            assert_eq!(
                parts[0],
                (Some("application/json".to_owned()), b"{}".to_vec())
            );
            assert_eq!(
                parts[1],
                (
                    Some("video/mp4".to_owned()),
                    b"\r\n--b\r\n--b1\r\n".to_vec()
                )
            );
            assert_eq!(parts[2], (None, Vec::new()));
        }
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_interrupted() {
        let body = b"--b0\r\n\r\ndata without an end";
        assert!(matches!(
            read(body, 7).await,
            Err(StorageError::BodyInterrupted)
        ));
    }

    #[test]
    fn a_boundary_is_required() {
        for content_type in [
            "application/json",
            "multipart/related",
            "multipart/related; boundary=",
        ] {
            assert_eq!(boundary(content_type), None, "{content_type}");
        }
    }
}
