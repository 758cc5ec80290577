//! Object bytes on disk: immutable files under generated ids.
//!
//! A name a client chose never becomes a path. The row that names a blob is its commit point: bytes
//! are written and synchronised first, then the row is committed; a file no row names is garbage,
//! removed when its writer gives up or, after a crash, by [`Blobs::sweep`] at the next start.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_util::task::TaskTracker;

use super::checksum::{Checksums, Hasher};

/// Bytes gathered before a write goes to the blocking pool. It is Google's quantum of resumable
/// uploads too, so that an interrupted one keeps every full quantum it received.
pub(crate) const QUANTUM: u64 = 256 * 1024;
const BUFFER: usize = 256 * 1024;

/// The folder of blobs.
#[derive(Clone)]
pub(crate) struct Blobs {
    folder: Arc<Path>,
    background: TaskTracker,
    runtime: Handle,
}

impl Blobs {
    /// Creates the folder when missing. Must be called on the runtime that will serve.
    pub(crate) fn open(folder: &Path, background: TaskTracker) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.into(),
            background,
            runtime: Handle::current(),
        })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Starts a new blob that is deleted again unless [`Fresh::keep`] is called.
    pub(crate) async fn create(&self) -> io::Result<(BlobWriter<()>, Fresh)> {
        let id = random_id();
        let path = self.path(&id);
        let fresh = Fresh {
            path: Some(path.clone()),
            id,
        };
        let file = spawn_blocking(move || File::create_new(path)).await??;
        Ok((BlobWriter::new(file, Hasher::new(), 0, ()), fresh))
    }

    /// A second name for the same bytes; blobs are immutable, so they can be shared.
    pub(crate) async fn link(&self, source: &str) -> io::Result<Fresh> {
        let id = random_id();
        let (from, to) = (self.path(source), self.path(&id));
        let fresh = Fresh {
            path: Some(to.clone()),
            id,
        };
        spawn_blocking(move || match std::fs::hard_link(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // The file system has no hard links: copy.
                std::fs::copy(&from, &to)?;
                File::open(&to)?.sync_data()
            }
            other => other,
        })
        .await??;
        Ok(fresh)
    }

    /// Opens a blob for reading at an offset. An open blob outlives its deletion.
    pub(crate) async fn open_at(&self, id: &str, offset: u64) -> io::Result<tokio::fs::File> {
        let path = self.path(id);
        let file = spawn_blocking(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            io::Result::Ok(file)
        })
        .await??;
        Ok(tokio::fs::File::from_std(file))
    }

    /// How much of an upload in progress is on disk; nothing yet is zero.
    pub(crate) async fn len(&self, id: &str) -> io::Result<u64> {
        match tokio::fs::metadata(self.path(id)).await {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Continues the blob of an upload in progress after its first `keep` bytes. `hasher` must have
    /// seen exactly these bytes; without one they are read again.
    pub(crate) async fn resume<L: Send + 'static>(
        &self,
        id: &str,
        keep: u64,
        hasher: Option<Hasher>,
        lease: L,
    ) -> io::Result<BlobWriter<L>> {
        let path = self.path(id);
        spawn_blocking(move || {
            let mut file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            file.set_len(keep)?;
            let hasher = match hasher {
                Some(hasher) => hasher,
                None => rehash(&mut file)?,
            };
            file.seek(SeekFrom::Start(keep))?;
            Ok(BlobWriter::new(file, hasher, keep, lease))
        })
        .await?
    }

    /// Removes a blob that no row names any more, soon.
    pub(crate) fn discard(&self, id: &str) {
        let path = self.path(id);
        self.background
            .spawn_blocking_on(move || remove(&path), &self.runtime);
    }

    /// Removes every file but those in `named`; answers how many.
    pub(crate) fn sweep(&self, named: &HashSet<String>) -> io::Result<usize> {
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_str()
                .is_none_or(|name| !named.contains(name))
            {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// A blob that no row names yet. Dropped, it takes its file along.
pub(crate) struct Fresh {
    id: String,
    path: Option<PathBuf>,
}

impl Fresh {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// A committed row names the blob now.
    pub(crate) fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            remove(path);
        }
    }
}

/// Writes and sums a blob in bounded memory. `lease` is whatever must not be released while a write
/// is still running: it travels with the file, also when the request it serves is dropped.
pub(crate) struct BlobWriter<L> {
    sink: Option<Sink<L>>,
    buffer: BytesMut,
    size: u64,
}

struct Sink<L> {
    file: File,
    hasher: Hasher,
    lease: L,
}

impl<L: Send + 'static> BlobWriter<L> {
    fn new(file: File, hasher: Hasher, size: u64, lease: L) -> Self {
        let sink = Some(Sink {
            file,
            hasher,
            lease,
        });
        Self {
            sink,
            buffer: BytesMut::with_capacity(BUFFER),
            size,
        }
    }

    /// Bytes taken so far, including those kept from earlier.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) async fn write(&mut self, mut bytes: Bytes) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = BUFFER - self.buffer.len();
            let part = bytes.split_to(room.min(bytes.len()));
            self.buffer.extend_from_slice(&part);
            self.size += u64::try_from(part.len()).map_err(io::Error::other)?;
            if self.buffer.len() == BUFFER {
                self.flush(false).await?;
            }
        }
        Ok(())
    }

    /// Everything is on its way to the disk; gives back the file's parts for the next request.
    pub(crate) async fn pause(mut self) -> io::Result<(Hasher, L)> {
        self.flush(false).await?;
        let sink = self.sink.take().ok_or_else(interrupted)?;
        Ok((sink.hasher, sink.lease))
    }

    /// Everything is on the disk.
    pub(crate) async fn finish(mut self) -> io::Result<(Checksums, L)> {
        self.flush(true).await?;
        let sink = self.sink.take().ok_or_else(interrupted)?;
        Ok((sink.hasher.finish(), sink.lease))
    }

    async fn flush(&mut self, sync: bool) -> io::Result<()> {
        let mut sink = self.sink.take().ok_or_else(interrupted)?;
        let buffer = self.buffer.split().freeze();
        let sink = spawn_blocking(move || {
            sink.file.write_all(&buffer)?;
            sink.hasher.update(&buffer);
            if sync {
                sink.file.sync_data()?;
            }
            io::Result::Ok(sink)
        })
        .await??;
        self.sink = Some(sink);
        self.buffer.reserve(BUFFER);
        Ok(())
    }
}

fn interrupted() -> io::Error {
    io::Error::other("an earlier write of this blob failed")
}

fn rehash(file: &mut File) -> io::Result<Hasher> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; BUFFER];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hasher);
        };
        hasher.update(bytes);
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a blob could not be removed; the next start sweeps it");
    }
}

/// 128 random bits: no two alike, none to be guessed.
pub(crate) fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
