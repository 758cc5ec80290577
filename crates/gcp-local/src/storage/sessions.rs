//! Resumable uploads: a session takes the bytes of one object over as many requests, connections
//! and restarts as it needs.
//!
//! The session's blob is its progress. Unless the upload is complete, the bytes past the last full
//! quantum do not count, as on Google's side, so a client always resumes at a quantum. A new request
//! for a session takes over from one that still runs: that one's client has given up, even if its
//! connection has not noticed yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::blob::{BlobWriter, QUANTUM, random_id};
use super::catalog;
use super::checksum::{ExpectedChecksums, Hasher};
use super::content_range::ChunkRange;
use super::engine::{Engine, NewObject, Origin, Stored};
use super::error::StorageError;
use super::length_range::LengthRange;
use super::object::Object;

/// Google keeps sessions for a week.
const LIFETIME: TimeDelta = TimeDelta::days(7);

/// What a session was started for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadRequest {
    pub(crate) object: NewObject,
    pub(crate) length: LengthRange,
}

/// A session's row.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// None when finished: the blob is the object's.
    pub(crate) blob: Option<String>,
    pub(crate) request: UploadRequest,
    pub(crate) finished: Option<Object>,
    pub(crate) created: DateTime<Utc>,
}

/// Where a session stands.
#[derive(Debug)]
pub(crate) enum Progress {
    Incomplete { persisted: u64 },
    Complete(Box<Object>),
}

/// Checksums so far, if the last request ended in an orderly way: `(bytes seen, sums)`.
type Sums = Option<(u64, Hasher)>;
type Lease = OwnedMutexGuard<Sums>;

/// What sessions keep in memory: who writes now, and sums that spare reading the blob again.
#[derive(Clone, Default)]
pub(crate) struct LiveSessions {
    live: Arc<Mutex<HashMap<String, Live>>>,
}

#[derive(Clone, Default)]
struct Live {
    sums: Arc<tokio::sync::Mutex<Sums>>,
    writer: CancellationToken,
}

impl LiveSessions {
    /// Makes this request the session's writer, once the one before has let go.
    async fn take_over(&self, id: &str) -> (Lease, CancellationToken) {
        let live = {
            let mut sessions = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            let live = sessions.entry(id.to_owned()).or_default();
            live.writer.cancel();
            live.writer = CancellationToken::new();
            live.clone()
        };
        (live.sums.lock_owned().await, live.writer)
    }

    fn forget(&self, id: &str) {
        let removed = self
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
        if let Some(live) = removed {
            live.writer.cancel();
        }
    }
}

impl Engine {
    /// Starts a session; the answer is its id, which is the only thing needed to use it.
    pub(crate) async fn start_upload(
        &self,
        request: UploadRequest,
    ) -> Result<String, StorageError> {
        self.check_upload(&request.object).await?;
        let (id, blob, now) = (random_id(), random_id(), self.now());
        let answer = id.clone();
        let expired = self
            .store()
            .write(move |connection| {
                catalog::uploads::insert(connection, &id, &blob, &request, now)?;
                // Sessions are started now and then, which is often enough to clear old ones.
                catalog::uploads::expire(connection, now - LIFETIME)
            })
            .await?;
        for (id, blob) in expired {
            self.sessions().forget(&id);
            if let Some(blob) = blob {
                self.blobs().discard(&blob);
            }
        }
        Ok(answer)
    }

    pub(crate) async fn upload_session(&self, id: &str) -> Result<Session, StorageError> {
        let id = id.to_owned();
        let found = self
            .store()
            .read(move |c| catalog::uploads::find(c, &id))
            .await?;
        let session = found.ok_or(StorageError::UploadNotFound)?;
        if session.created + LIFETIME < self.now() {
            return Err(StorageError::UploadGone);
        }
        Ok(session)
    }

    /// Forgets a session and its bytes; those of a finished one are the object's and stay.
    pub(crate) async fn cancel_upload(&self, id: &str) -> Result<(), StorageError> {
        let (row, blobs) = (id.to_owned(), self.blobs().clone());
        let forget = move |blob: Option<String>| {
            if let Some(blob) = blob {
                blobs.discard(&blob);
            }
        };
        self.store()
            .write_then(move |c| catalog::uploads::delete(c, &row), forget)
            .await?;
        self.sessions().forget(id);
        Ok(())
    }

    /// How far a session is, without disturbing whoever writes.
    pub(crate) async fn upload_status(&self, session: Session) -> Result<Progress, StorageError> {
        if let Some(object) = session.finished {
            return Ok(Progress::Complete(Box::new(object)));
        }
        let stored = match &session.blob {
            Some(blob) => self.blobs().len(blob).await?,
            None => 0,
        };
        Ok(Progress::Incomplete {
            persisted: full_quanta(stored),
        })
    }

    /// Whether exactly this many bytes have arrived of an unfinished upload.
    pub(crate) async fn upload_has_reached(
        &self,
        session: &Session,
        total: Option<u64>,
    ) -> Result<bool, StorageError> {
        match (&session.blob, total) {
            (Some(blob), Some(total)) => Ok(self.blobs().len(blob).await? == total),
            _ => Ok(false),
        }
    }

    /// Takes a chunk, and completes the upload when it is the last.
    pub(crate) async fn append_upload<S, E>(
        &self,
        id: &str,
        range: ChunkRange,
        expected: ExpectedChecksums,
        body: S,
    ) -> Result<Progress, StorageError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
    {
        self.upload_session(id).await?;
        let (lease, replaced) = self.sessions().take_over(id).await;
        // Only now is it certain what the request before has left.
        let session = self.upload_session(id).await?;
        if let Some(object) = session.finished {
            return Ok(Progress::Complete(Box::new(object)));
        }
        let blob = session.blob.clone().ok_or(StorageError::UploadGone)?;
        let writer = self.resume_upload(&blob, range, lease).await?;
        let chunk = Chunk {
            range,
            limit: session.request.length.max,
            seen: range.start(),
        };
        let writer = match chunk.receive(body, writer, replaced).await {
            Err(error @ StorageError::EntityTooLarge { .. }) => {
                self.cancel_upload(id).await?;
                return Err(error);
            }
            other => other?,
        };
        if !range.completes(writer.size()) {
            return pause(writer).await;
        }
        session.request.length.check(writer.size())?;
        let mut new = session.request.object;
        new.expected = new.expected.merged_with(expected);
        self.complete_upload(id, new, blob, writer).await
    }

    /// Opens the blob behind what is safe of it.
    async fn resume_upload(
        &self,
        blob: &str,
        range: ChunkRange,
        mut lease: Lease,
    ) -> Result<BlobWriter<Lease>, StorageError> {
        let stored = self.blobs().len(blob).await?;
        let finishing = range.is_empty() && range.total() == Some(stored);
        let persisted = if finishing {
            stored
        } else {
            full_quanta(stored)
        };
        if range.start() > persisted {
            let start = range.start();
            return Err(StorageError::UploadGap { start, persisted });
        }
        let sums = lease.take().filter(|(seen, _)| *seen == persisted);
        let hasher = sums.map(|(_, hasher)| hasher);
        Ok(self.blobs().resume(blob, persisted, hasher, lease).await?)
    }

    async fn complete_upload(
        &self,
        id: &str,
        new: NewObject,
        blob: String,
        writer: BlobWriter<Lease>,
    ) -> Result<Progress, StorageError> {
        let size = writer.size();
        let (checksums, lease) = writer.finish().await?;
        let stored = Stored {
            blob,
            size,
            checksums,
        };
        let origin = Origin::Session(id.to_owned());
        let object = self.publish(new, stored, origin).await?;
        drop(lease);
        self.sessions().forget(id);
        Ok(Progress::Complete(Box::new(object)))
    }
}

/// A chunk on its way in.
struct Chunk {
    range: ChunkRange,
    limit: Option<u64>,
    /// Position in the object of the next byte of the body.
    seen: u64,
}

impl Chunk {
    /// Writes what is new of the body. Bytes that were persisted before are skipped: a client may
    /// send again what it is not sure of.
    async fn receive<S, E>(
        mut self,
        body: S,
        mut writer: BlobWriter<Lease>,
        replaced: CancellationToken,
    ) -> Result<BlobWriter<Lease>, StorageError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
    {
        let mut body = std::pin::pin!(body);
        loop {
            let part = tokio::select! {
                part = body.next() => part,
                () = replaced.cancelled() => return Err(StorageError::BodyInterrupted),
            };
            let Some(part) = part else { break };
            let mut bytes = part.map_err(|_| StorageError::BodyInterrupted)?;
            let length = u64::try_from(bytes.len()).map_err(std::io::Error::other)?;
            let known = writer.size().saturating_sub(self.seen).min(length);
            self.seen += length;
            self.check_bounds()?;
            bytes.advance(usize::try_from(known).map_err(std::io::Error::other)?);
            writer.write(bytes).await?;
        }
        match self.range.end() {
            Some(end) if end != self.seen => Err(StorageError::BodyInterrupted),
            _ => Ok(writer),
        }
    }

    fn check_bounds(&self) -> Result<(), StorageError> {
        if let Some(max) = self.limit
            && self.seen > max
        {
            return Err(StorageError::EntityTooLarge { max });
        }
        if self
            .range
            .end()
            .or(self.range.total())
            .is_some_and(|end| self.seen > end)
        {
            let problem = "The body is longer than its Content-Range.";
            return Err(StorageError::Invalid(problem.to_owned()));
        }
        Ok(())
    }
}

async fn pause(writer: BlobWriter<Lease>) -> Result<Progress, StorageError> {
    let size = writer.size();
    let (hasher, mut lease) = writer.pause().await?;
    *lease = Some((size, hasher));
    Ok(Progress::Incomplete {
        persisted: full_quanta(size),
    })
}

fn full_quanta(bytes: u64) -> u64 {
    bytes - bytes % QUANTUM
}
