//! Objects made of objects: copies, which share the bytes, and compositions, which join them.

use std::io;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use super::publishing::{Origin, Stored};
use super::{Engine, NewObject};
use crate::storage::error::StorageError;
use crate::storage::object::{Attributes, Object};
use crate::storage::precondition::Preconditions;

/// Google's limit on the sources of one composition.
const MAX_SOURCES: usize = 32;

/// Bytes read at a time while joining.
const READ_BYTES: usize = 256 * 1024;

/// What to copy.
pub(crate) struct CopySource {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) generation: Option<i64>,
    pub(crate) preconditions: Preconditions,
}

/// One part of a composition.
pub(crate) struct ComposeSource {
    pub(crate) name: String,
    pub(crate) generation: Option<i64>,
    pub(crate) generation_match: Option<i64>,
}

impl Engine {
    /// Copies an object. Without `attributes` the destination takes those of the source.
    pub(crate) async fn copy_object(
        &self,
        source: CopySource,
        mut destination: NewObject,
        attributes: Option<Attributes>,
    ) -> Result<Object, StorageError> {
        self.check_upload(&destination).await?;
        let generation = source.generation;
        let preconditions = source.preconditions;
        let mut original = self
            .object(&source.bucket, &source.name, generation, preconditions)
            .await?;
        let fresh = loop {
            match self.blobs.link(&original.blob).await {
                Ok(fresh) => break fresh,
                // Overwritten a moment ago; the lookup fails when it is gone for good.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let stale = original.generation;
                    original = self
                        .object(&source.bucket, &source.name, generation, preconditions)
                        .await?;
                    if original.generation == stale {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
        destination.attributes = attributes.unwrap_or(original.attributes);
        destination.component_count = original.component_count;
        let stored = Stored {
            blob: fresh.id().to_owned(),
            size: original.size,
            checksums: original.checksums,
        };
        self.publish(destination, stored, Origin::Fresh(fresh))
            .await
    }

    /// Joins objects of the destination's bucket, in order.
    pub(crate) async fn compose_object(
        &self,
        sources: Vec<ComposeSource>,
        mut destination: NewObject,
    ) -> Result<Object, StorageError> {
        if sources.is_empty() || sources.len() > MAX_SOURCES {
            let problem = "The number of source components must be between 1 and 32.";
            return Err(StorageError::Invalid(problem.to_owned()));
        }
        self.check_upload(&destination).await?;
        let (mut writer, fresh) = self.begin().await?;
        let mut components = 0_u32;
        for source in &sources {
            let preconditions = Preconditions {
                generation_match: source.generation_match,
                ..Preconditions::default()
            };
            let part = self
                .object(
                    &destination.bucket,
                    &source.name,
                    source.generation,
                    preconditions,
                )
                .await?;
            let (part, mut file) = self.open_object(part, |_| Ok(0)).await?;
            components = components.saturating_add(part.component_count.unwrap_or(1));
            loop {
                let mut buffer = BytesMut::with_capacity(READ_BYTES);
                if file.read_buf(&mut buffer).await? == 0 {
                    break;
                }
                writer.write(buffer.freeze()).await?;
            }
        }
        destination.component_count = Some(components);
        let size = writer.size();
        let (mut checksums, ()) = writer.finish().await?;
        // As on Google's side, where nobody reads all parts again for an MD5.
        checksums.md5 = None;
        let stored = Stored {
            blob: fresh.id().to_owned(),
            size,
            checksums,
        };
        self.publish(destination, stored, Origin::Fresh(fresh))
            .await
    }
}
