//! Files: signed uploads from phones, reads pinned to a generation, outputs under new names.

use std::{fmt, path::Path, time::Duration};

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault};
use bytes::Bytes;

/// An object's name inside our bucket, without a leading slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath(String);

impl ObjectPath {
    /// Takes a name as it is.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Permission to upload one object, to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadGrant {
    /// Where it goes.
    pub path: ObjectPath,
    /// The only content type it will be accepted with.
    pub content_type: String,
    /// The exact size in bytes when the client announced it. The client must then send the headers of
    /// [`SignedUpload::headers`] as they are.
    pub size_bytes: Option<u64>,
    /// How long the permission lasts.
    pub expires_in: Duration,
}

/// A URL that a client may PUT the file to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUpload {
    /// The URL. It is a secret until it expires: never logged.
    pub url: String,
    /// Headers that were signed and must be sent with exactly these values.
    pub headers: Vec<(String, String)>,
}

/// What the store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Changes with every overwrite; reads that name it see that version only.
    pub generation: i64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// As it was uploaded; empty when none was given.
    pub content_type: String,
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// A file on disk, read as it is sent.
    File(&'a Path),
    /// Something small enough to be in memory.
    Bytes(Bytes),
}

/// Something that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload<'a> {
    /// What.
    pub content: Content<'a>,
    /// Where it goes. Names of outputs are never used twice, so the store refuses to overwrite.
    pub path: ObjectPath,
    /// Its content type.
    pub content_type: &'a str,
    /// What caches may do with it.
    pub cache_control: &'a str,
}

/// Keeps files.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Signs an upload. Nothing is stored.
    async fn sign_upload(&self, grant: &UploadGrant) -> Result<SignedUpload, StoreError>;

    /// Looks an object up; `None` when there is none.
    async fn stat(&self, path: &ObjectPath) -> Result<Option<ObjectMeta>, StoreError>;

    /// Streams one generation of an object into a new file, and stops with [`StoreError::TooLarge`] as soon as it passes
    /// `max_bytes`. Returns the bytes written. What was written before an error stays for the caller to delete.
    async fn download(
        &self,
        path: &ObjectPath,
        generation: i64,
        max_bytes: u64,
        into: &Path,
    ) -> Result<u64, StoreError>;

    /// An object as it is now, into memory, unless it is larger than `max_bytes`.
    async fn read(&self, path: &ObjectPath, max_bytes: u64) -> Result<Bytes, StoreError>;

    /// Stores something under a new name. When the name is taken by the same bytes, an earlier try of ours won: `Ok`.
    async fn upload(&self, upload: Upload<'_>) -> Result<ObjectMeta, StoreError>;

    /// Deletes an object; one that is not there counts as deleted.
    async fn delete(&self, path: &ObjectPath) -> Result<(), StoreError>;

    /// Names of objects that start with `prefix`, at most `limit`, in order.
    async fn list(&self, prefix: &str, limit: usize) -> Result<Vec<ObjectPath>, StoreError>;

    /// The name of the bucket, as clients are told it.
    fn bucket(&self) -> &str;

    /// The stable public address of an object.
    fn public_url(&self, path: &ObjectPath) -> String;

    /// The object that a public address of ours stands for; `None` for every other address. No address is ever fetched.
    fn path_of(&self, public_url: &str) -> Option<ObjectPath>;
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such object, or not in that generation.
    #[error("object {path} is not there")]
    Missing {
        /// Which one.
        path: ObjectPath,
    },
    /// The object is larger than the caller accepts.
    #[error("object {path} is larger than {max_bytes} bytes")]
    TooLarge {
        /// Which one.
        path: ObjectPath,
        /// The limit.
        max_bytes: u64,
    },
    /// The store is away or overloaded: the same call may work later.
    #[error("the object store is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
    },
    /// The store will never do this.
    #[error("the object store refused: {reason}")]
    Refused {
        /// What was seen, for logs.
        reason: String,
    },
    /// Our own disk failed.
    #[error("local file error")]
    Local(#[from] std::io::Error),
}

impl Fault for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Refused { .. } | Self::Local(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "storage.missing",
            Self::TooLarge { .. } => "storage.too_large",
            Self::Unavailable { .. } => "storage.unavailable",
            Self::Refused { .. } | Self::Local(_) => "storage.failed",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Missing { .. } => "No encontramos el archivo. Subilo de nuevo.",
            Self::TooLarge { .. } => "El archivo es demasiado pesado. Subí uno más liviano.",
            Self::Unavailable { .. } | Self::Refused { .. } | Self::Local(_) => {
                "No pudimos acceder al almacenamiento. Probá de nuevo en unos minutos."
            }
        }
        .to_owned()
    }
}
