//! Streams one generation of an object into a file, or a small object into memory.

use std::path::Path;
use std::time::Duration;

use avvivo_ports::{ObjectPath, StoreError};
use bytes::Bytes;
use google_cloud_gax::error::Error;
use google_cloud_storage::read_object::ReadObjectResponse;
use google_cloud_storage::read_resume_policy::{ReadResumePolicyExt as _, Recommended};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::CloudStorage;
use crate::environment::CALL_LIMIT;
use crate::fault::{self, Trouble};

/// How long the store may say nothing once it has begun; resuming elsewhere fits in.
const STALL_LIMIT: Duration = Duration::from_secs(20);

/// Interruptions that are picked up where they happened.
const RESUMES: u32 = 3;

impl CloudStorage {
    pub(super) async fn stream_into(
        &self,
        path: &ObjectPath,
        generation: i64,
        max_bytes: u64,
        into: &Path,
    ) -> Result<u64, StoreError> {
        if generation <= 0 {
            // Zero means "whatever is newest" to the API, and pinning is the point.
            return Err(StoreError::Missing { path: path.clone() });
        }
        let read = self
            .storage
            .read_object(&self.parent, path.as_str())
            .set_generation(generation)
            .with_read_resume_policy(Recommended.with_attempt_limit(RESUMES))
            .send();
        // The client's transfers are futures of tens of kilobytes.
        let response = fault::call(CALL_LIMIT, Box::pin(read))
            .await
            .map_err(|error| failed(path, &error))?;
        refuse_larger(&response, path, max_bytes)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(into)
            .await?;
        copy(response, path, max_bytes, &mut file).await
    }

    pub(super) async fn read_whole(
        &self,
        path: &ObjectPath,
        max_bytes: u64,
    ) -> Result<Bytes, StoreError> {
        let read = self
            .storage
            .read_object(&self.parent, path.as_str())
            .with_read_resume_policy(Recommended.with_attempt_limit(RESUMES))
            .send();
        let response = fault::call(CALL_LIMIT, Box::pin(read))
            .await
            .map_err(|error| failed(path, &error))?;
        refuse_larger(&response, path, max_bytes)?;
        let mut bytes = Vec::new();
        copy(response, path, max_bytes, &mut bytes).await?;
        Ok(bytes.into())
    }
}

/// Stops before the first byte, when the store says how many there are.
fn refuse_larger(
    response: &ReadObjectResponse,
    path: &ObjectPath,
    max_bytes: u64,
) -> Result<(), StoreError> {
    if u64::try_from(response.object().size).is_ok_and(|announced| announced > max_bytes) {
        return Err(too_large(path, max_bytes));
    }
    Ok(())
}

fn too_large(path: &ObjectPath, max_bytes: u64) -> StoreError {
    StoreError::TooLarge {
        path: path.clone(),
        max_bytes,
    }
}

async fn copy(
    mut response: ReadObjectResponse,
    path: &ObjectPath,
    max_bytes: u64,
    into: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, StoreError> {
    let mut written: u64 = 0;
    loop {
        let next = fault::call(STALL_LIMIT, async { response.next().await.transpose() });
        // The client compares the checksum at the end, so `None` also means that it agrees.
        let Some(chunk) = next.await.map_err(|error| failed(path, &error))? else {
            break;
        };
        written = written.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if written > max_bytes {
            return Err(too_large(path, max_bytes));
        }
        into.write_all(&chunk).await?;
    }
    into.flush().await?;
    Ok(written)
}

fn failed(path: &ObjectPath, error: &Error) -> StoreError {
    if fault::is_missing(error) {
        StoreError::Missing { path: path.clone() }
    } else {
        Trouble::from(error).into()
    }
}
