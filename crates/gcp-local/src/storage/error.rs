//! What can go wrong in the object store, independent of the protocol that asked.
//!
//! Each protocol renders these in its own dress: `json::problem`, `xml::problem` and `grpc::status`.

use std::io;

use crate::store::StoreError;

/// A refused or failed storage operation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    #[error("The specified bucket does not exist.")]
    BucketNotFound,
    #[error("No such object: {bucket}/{name}")]
    ObjectNotFound { bucket: String, name: String },
    #[error("The upload session does not exist.")]
    UploadNotFound,
    #[error("The upload session has expired or was cancelled.")]
    UploadGone,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketExists,
    #[error("The bucket you tried to delete is not empty.")]
    BucketNotEmpty,
    /// A precondition of a write, or a positive one of a read, did not hold.
    #[error("At least one of the pre-conditions you specified did not hold.")]
    PreconditionFailed,
    /// A negative precondition of a read: the caller already has this version.
    #[error("Not modified.")]
    NotModified,
    #[error("Request range not satisfiable")]
    RangeNotSatisfiable { size: u64 },
    #[error("{0}")]
    Invalid(String),
    #[error("Provided {which} \"{claimed}\" doesn't match calculated {which} \"{actual}\".")]
    ChecksumMismatch {
        which: &'static str,
        claimed: String,
        actual: String,
    },
    #[error("Your proposed upload exceeds the maximum allowed object size.")]
    EntityTooLarge { max: u64 },
    #[error("Your proposed upload is smaller than the minimum allowed object size.")]
    EntityTooSmall { min: u64 },
    /// A resumable chunk that starts after the stored bytes; the client should query and send again.
    #[error("The chunk starts at byte {start}, but only {persisted} bytes are persisted.")]
    UploadGap { start: u64, persisted: u64 },
    /// The client went away, or sent a broken body.
    #[error("The request body ended early.")]
    BodyInterrupted,
    #[error("storage file: {0}")]
    Io(#[from] io::Error),
    #[error("storage catalogue: {0}")]
    Catalog(#[from] StoreError),
}

impl StorageError {
    pub(crate) fn object_not_found(bucket: &str, name: &str) -> Self {
        Self::ObjectNotFound {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
        }
    }
}
