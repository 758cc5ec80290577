//! Stores something under a name that must be free.

use std::path::Path;
use std::time::Duration;

use avvivo_ports::{Content, ObjectMeta, StoreError, Upload};
use google_cloud_storage::builder::storage::WriteObject;
use google_cloud_storage::model::Object;
use google_cloud_storage::streaming_source::Payload;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::{CloudStorage, to_meta};
use crate::fault::{self, Trouble};

/// What every upload may take, and what it may take more for every [`SLOWEST_BYTES_PER_SECOND`].
const UPLOAD_LIMIT: Duration = Duration::from_secs(20);

/// Slower than this is as good as stuck; inside one region it is a hundred times faster.
const SLOWEST_BYTES_PER_SECOND: u64 = 512 * 1024;

/// What is read at once to compare a file with an object.
const READ_BYTES: usize = 256 * 1024;

impl CloudStorage {
    pub(super) async fn store(&self, upload: Upload<'_>) -> Result<ObjectMeta, StoreError> {
        // The client's transfers are futures of tens of kilobytes.
        let stored = match &upload.content {
            Content::File(path) => {
                let file = File::open(path).await?;
                let limit = limit(file.metadata().await?.len());
                fault::call(limit, Box::pin(self.write(&upload, file).send_unbuffered())).await
            }
            Content::Bytes(bytes) => {
                let limit = limit(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                let write = self.write(&upload, bytes.clone()).send_unbuffered();
                fault::call(limit, Box::pin(write)).await
            }
        };
        match stored {
            Ok(object) => Ok(to_meta(&object)),
            Err(error) if fault::is_precondition(&error) => self.adopt(&upload).await,
            Err(error) => Err(Trouble::from(error).into()),
        }
    }

    fn write<P>(&self, upload: &Upload<'_>, payload: impl Into<Payload<P>>) -> WriteObject<P> {
        self.storage
            .write_object(&self.parent, upload.path.as_str(), payload)
            // "Only if there is none": which also lets the client repeat it.
            .set_if_generation_match(0)
            .set_content_type(upload.content_type)
            .set_cache_control(upload.cache_control)
    }

    /// The name is taken: by the same bytes, when an earlier try of ours won and its answer got
    /// lost, or by something else.
    async fn adopt(&self, upload: &Upload<'_>) -> Result<ObjectMeta, StoreError> {
        let Some(object) = self.find(&upload.path).await? else {
            return Err(StoreError::Unavailable {
                reason: format!("{} was there and is gone", upload.path),
            });
        };
        if Fingerprint::of_object(&object) == Some(Fingerprint::of(&upload.content).await?) {
            return Ok(to_meta(&object));
        }
        Err(StoreError::Refused {
            reason: format!("{} exists with different content", upload.path),
        })
    }
}

fn limit(bytes: u64) -> Duration {
    UPLOAD_LIMIT + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND)
}

#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    size: u64,
    crc32c: u32,
}

impl Fingerprint {
    fn of_object(object: &Object) -> Option<Self> {
        Some(Self {
            size: u64::try_from(object.size).ok()?,
            crc32c: object.checksums.as_ref()?.crc32c?,
        })
    }

    async fn of(content: &Content<'_>) -> std::io::Result<Self> {
        match content {
            Content::File(path) => Self::of_file(path).await,
            Content::Bytes(bytes) => Ok(Self {
                size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                crc32c: crc32c::crc32c(bytes),
            }),
        }
    }

    async fn of_file(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path).await?;
        let mut buffer = Vec::with_capacity(READ_BYTES);
        let mut fingerprint = Self { size: 0, crc32c: 0 };
        loop {
            buffer.clear();
            let read = file.read_buf(&mut buffer).await?;
            if read == 0 {
                return Ok(fingerprint);
            }
            fingerprint.size += u64::try_from(read).unwrap_or(u64::MAX);
            fingerprint.crc32c = crc32c::crc32c_append(fingerprint.crc32c, &buffer);
        }
    }
}
