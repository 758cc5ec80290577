//! Forms with a file (`multipart/form-data`, RFC 7578), read into memory and no further than their limits.
//!
//! The pipeline leaves such bodies alone. A handler takes the whole request as its last extractor, so whoever may not
//! send anything has been refused before a byte of the body is asked for, and then reads it here. Nothing is ever written
//! to disk, so nothing can be left there.

use std::time::Duration;

use avvivo_kernel::ErrorKind;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::time::timeout;

use crate::{
    Problem,
    body::{self, Held, Room},
};

/// Some megabytes arrive within this even over an old mobile network; what our servers give a whole request is a minute.
const READ_TIMEOUT: Duration = Duration::from_secs(45);
/// What everything but the file may measure: some words, and the lines between the parts.
const BESIDE_THE_FILE_BYTES: usize = 64 * 1024;
/// Fields are ids and words.
const MAX_TEXT_BYTES: usize = 1024;
/// Forms of ours have three.
const MAX_PARTS: usize = 16;

/// Reads forms, and bounds what all that are being read and worked with take together.
pub struct Forms(Room);

/// What a form may have.
#[derive(Debug, Clone, Copy)]
pub struct FormRules {
    /// The name of the part with the file.
    pub file_part: &'static str,
    /// What the file may measure.
    pub max_file_bytes: usize,
}

/// A form that was read whole. It holds its room until it is dropped.
#[derive(Debug)]
pub struct Form {
    file: Option<FormFile>,
    texts: Vec<(String, String)>,
    held: Held,
}

/// The file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFile {
    /// What it is called where it comes from. Anybody can write anything here.
    pub name: String,
    /// What its sender takes it for, in lower case and without parameters; empty when nobody said.
    pub content_type: String,
    /// What it is.
    pub bytes: Bytes,
}

impl Forms {
    /// Takes forms whose files measure up to `bytes` together.
    pub fn in_room(bytes: usize) -> Self {
        Self(Room::of(bytes))
    }

    /// Reads the form that a request carries. A body of any other type is a form without anything in it.
    pub async fn read(&self, request: Request, rules: FormRules) -> Result<Form, Problem> {
        let mut form = Form {
            file: None,
            texts: Vec::new(),
            held: self.0.enter(),
        };
        let Some(boundary) = boundary(request.headers()) else {
            return Ok(form);
        };
        let whole = rules.max_file_bytes.saturating_add(BESIDE_THE_FILE_BYTES);
        if announced(request.headers()).is_some_and(|bytes| bytes > whole) {
            return Err(body::too_large(rules.max_file_bytes));
        }
        let limit = SizeLimit::new().whole_stream(u64::try_from(whole).unwrap_or(u64::MAX));
        let parts = Multipart::with_constraints(
            request.into_body().into_data_stream(),
            boundary,
            Constraints::new().size_limit(limit),
        );
        timeout(READ_TIMEOUT, form.fill(parts, rules))
            .await
            .map_err(|_| body::too_slow())??;
        Ok(form)
    }
}

impl Form {
    /// The text of the first field of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.as_str())
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&FormFile> {
        self.file.as_ref()
    }

    async fn fill(&mut self, mut parts: Multipart<'_>, rules: FormRules) -> Result<(), Problem> {
        let broken = |error| broken(error, rules);
        let mut seen = 0_usize;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            seen = seen.saturating_add(1);
            if seen > MAX_PARTS {
                return Err(malformed("more parts than any form of ours has"));
            }
            let name = part.name().unwrap_or_default().to_owned();
            let Some(file_name) = part.file_name().map(str::to_owned) else {
                let text = self.take(part, MAX_TEXT_BYTES, rules).await?;
                let text = text.ok_or_else(|| malformed(format!("`{name}` is too long")))?;
                let text = String::from_utf8(text.into());
                let text = text.map_err(|_| malformed(format!("`{name}` is no text")))?;
                self.texts.push((name, text));
                continue;
            };
            if name != rules.file_part || self.file.is_some() {
                return Err(unexpected(rules.file_part));
            }
            let content_type = part
                .content_type()
                .map(|kind| kind.essence_str().to_owned());
            let bytes = self.take(part, rules.max_file_bytes, rules).await?;
            self.file = Some(FormFile {
                name: file_name,
                content_type: content_type.unwrap_or_default(),
                bytes: bytes.ok_or_else(|| body::too_large(rules.max_file_bytes))?,
            });
        }
        Ok(())
    }

    /// What a part says; nothing when that is more than `limit` bytes.
    async fn take(
        &mut self,
        mut part: Field<'_>,
        limit: usize,
        rules: FormRules,
    ) -> Result<Option<Bytes>, Problem> {
        let mut said = BytesMut::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| broken(error, rules))? {
            if said.len().saturating_add(chunk.len()) > limit {
                return Ok(None);
            }
            self.held.grow(chunk.len())?;
            said.extend_from_slice(&chunk);
        }
        Ok(Some(said.freeze()))
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken(error: multer::Error, rules: FormRules) -> Problem {
    match error {
        multer::Error::StreamSizeExceeded { .. } => body::too_large(rules.max_file_bytes),
        multer::Error::StreamReadFailed(cause) => body::broken_off(cause, rules.max_file_bytes),
        other => malformed(other.to_string()),
    }
}

fn malformed(reason: impl Into<String>) -> Problem {
    let message = "El formulario llegó incompleto o dañado. Intentá de nuevo.";
    Problem::new(ErrorKind::Invalid, "request.malformed_form", message).detail(reason)
}

fn unexpected(file_part: &str) -> Problem {
    let message = "El formulario trae un archivo que no esperamos.";
    Problem::new(ErrorKind::Invalid, "request.unexpected_file", message)
        .detail(format!("one file is taken, in the part `{file_part}`"))
}
