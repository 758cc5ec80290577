//! How bytes become an object, whichever way they came: one transaction that checks the
//! preconditions, takes a generation and replaces the live version.

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::storage::blob::{BlobWriter, Fresh};
use crate::storage::catalog;
use crate::storage::checksum::{Checksums, ExpectedChecksums};
use crate::storage::error::StorageError;
use crate::storage::object::{Access, Attributes, Object, check_object_name};
use crate::storage::precondition::Preconditions;

/// What an upload is to become.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
    pub(crate) access: Access,
    pub(crate) preconditions: Preconditions,
    pub(crate) expected: ExpectedChecksums,
    pub(crate) component_count: Option<u32>,
}

impl NewObject {
    pub(crate) fn named(bucket: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            name: name.into(),
            attributes: Attributes::default(),
            access: Access::default(),
            preconditions: Preconditions::default(),
            expected: ExpectedChecksums::default(),
            component_count: None,
        }
    }
}

/// Bytes that are safely on disk.
pub(crate) struct Stored {
    pub(crate) blob: String,
    pub(crate) size: u64,
    pub(crate) checksums: Checksums,
}

/// Where the bytes come from, and so what a refusal means for them.
pub(crate) enum Origin {
    /// A blob of this request: it goes when the request fails.
    Fresh(Fresh),
    /// The blob of an upload session, which ends with the success of this request.
    Session(String),
}

impl Engine {
    /// Refuses what would be refused after the upload, before it costs the transfer.
    pub(crate) async fn check_upload(&self, new: &NewObject) -> Result<(), StorageError> {
        check_object_name(&new.name)?;
        let (bucket, name, preconditions) =
            (new.bucket.clone(), new.name.clone(), new.preconditions);
        self.decide(move |connection| check(connection, &bucket, &name, preconditions))
            .await?;
        Ok(())
    }

    /// Starts the blob of an upload that passed [`Engine::check_upload`].
    pub(crate) async fn begin(&self) -> Result<(BlobWriter<()>, Fresh), StorageError> {
        Ok(self.blobs.create().await?)
    }

    /// Ends what [`Engine::begin`] started: the bytes become the live version of the object.
    pub(crate) async fn complete(
        &self,
        new: NewObject,
        writer: BlobWriter<()>,
        fresh: Fresh,
    ) -> Result<Object, StorageError> {
        let size = writer.size();
        let (checksums, ()) = writer.finish().await?;
        let stored = Stored {
            blob: fresh.id().to_owned(),
            size,
            checksums,
        };
        self.publish(new, stored, Origin::Fresh(fresh)).await
    }

    /// The commit itself. The blob's fate is settled on the store's side, so that a caller who
    /// stops waiting cannot leave a row without bytes.
    pub(crate) async fn publish(
        &self,
        new: NewObject,
        stored: Stored,
        origin: Origin,
    ) -> Result<Object, StorageError> {
        new.expected.verify(&stored.checksums)?;
        let (now, blobs) = (self.now(), self.blobs.clone());
        let session = match &origin {
            Origin::Session(id) => Some(id.clone()),
            Origin::Fresh(_) => None,
        };
        let work =
            move |connection: &Connection| commit(connection, new, stored, session.as_deref(), now);
        let settle = move |decided: Result<(Object, Option<Object>), StorageError>| {
            let (object, replaced) = decided?;
            if let Origin::Fresh(fresh) = origin {
                fresh.keep();
            }
            if let Some(replaced) = replaced {
                blobs.discard(&replaced.blob);
            }
            Ok(object)
        };
        self.store.write_then(work, settle).await?
    }
}

/// The new live version, and the one it replaced.
fn commit(
    connection: &Connection,
    new: NewObject,
    stored: Stored,
    session: Option<&str>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Result<(Object, Option<Object>), StorageError>> {
    let replaced = match check(connection, &new.bucket, &new.name, new.preconditions)? {
        Ok(replaced) => replaced,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // A cancelled or expired session's bytes are gone; a finished one's are taken.
    if let Some(id) = session
        && catalog::uploads::find(connection, id)?.is_none_or(|session| session.blob.is_none())
    {
        return Ok(Err(StorageError::UploadGone));
    }
    let object = Object {
        generation: catalog::next_generation(connection, now)?,
        bucket: new.bucket,
        name: new.name,
        metageneration: 1,
        blob: stored.blob,
        size: stored.size,
        checksums: stored.checksums,
        component_count: new.component_count,
        attributes: new.attributes,
        access: new.access,
        created: now,
        updated: now,
    };
    catalog::objects::put(connection, &object)?;
    if let Some(id) = session {
        catalog::uploads::finish(connection, id, &object)?;
    }
    Ok(Ok((object, replaced)))
}

/// The live version that an upload would replace, if it may.
fn check(
    connection: &Connection,
    bucket: &str,
    name: &str,
    preconditions: Preconditions,
) -> rusqlite::Result<Result<Option<Object>, StorageError>> {
    if catalog::buckets::find(connection, bucket)?.is_none() {
        return Ok(Err(StorageError::BucketNotFound));
    }
    let current = catalog::objects::find(connection, bucket, name)?;
    Ok(preconditions
        .check_write(current.as_ref())
        .map(|()| current))
}
