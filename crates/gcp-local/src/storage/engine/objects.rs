//! One object: find, read, change its metadata, delete.

use std::io;

use super::Engine;
use crate::storage::catalog;
use crate::storage::error::StorageError;
use crate::storage::object::{Access, Attributes, Object};
use crate::storage::precondition::Preconditions;

/// An overwrite between the lookup of a row and the opening of its file repeats the lookup. Losing
/// that race so often in a row means something else is wrong.
const OPEN_ATTEMPTS: usize = 8;

/// What a metadata change works on.
pub(crate) struct ObjectUpdate<'a> {
    pub(crate) attributes: &'a mut Attributes,
    pub(crate) access: &'a mut Access,
}

impl Engine {
    /// The live version, if it is the one asked for.
    pub(crate) async fn object(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<i64>,
        preconditions: Preconditions,
    ) -> Result<Object, StorageError> {
        let (bucket, name) = (bucket.to_owned(), name.to_owned());
        self.decide(move |connection| {
            let Some(object) = catalog::objects::find(connection, &bucket, &name)? else {
                let known = catalog::buckets::find(connection, &bucket)?.is_some();
                let missing = if known {
                    StorageError::object_not_found(&bucket, &name)
                } else {
                    StorageError::BucketNotFound
                };
                return Ok(Err(missing));
            };
            if generation.is_some_and(|wanted| wanted != object.generation) {
                return Ok(Err(StorageError::object_not_found(&bucket, &name)));
            }
            Ok(preconditions.check_read(&object).map(|()| object))
        })
        .await
    }

    /// Opens the bytes of `object` at `offset`. If it was overwritten since it was looked up, its
    /// bytes are gone and it is looked up again; the answer says what was opened.
    pub(crate) async fn open_object(
        &self,
        mut object: Object,
        offset: impl Fn(&Object) -> Result<u64, StorageError>,
    ) -> Result<(Object, tokio::fs::File), StorageError> {
        for _ in 0..OPEN_ATTEMPTS {
            match self.blobs.open_at(&object.blob, offset(&object)?).await {
                Ok(file) => return Ok((object, file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let nothing = Preconditions::default();
                    object = self
                        .object(&object.bucket, &object.name, None, nothing)
                        .await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::other(format!("the bytes of {} are missing", object.name)).into())
    }

    /// Changes metadata only: the generation stays, the metageneration grows.
    pub(crate) async fn update_object<F>(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<i64>,
        preconditions: Preconditions,
        change: F,
    ) -> Result<Object, StorageError>
    where
        F: FnOnce(ObjectUpdate<'_>) -> Result<(), StorageError> + Send + 'static,
    {
        let (bucket, name, now) = (bucket.to_owned(), name.to_owned(), self.now());
        self.decide(move |connection| {
            let found = catalog::objects::find(connection, &bucket, &name)?
                .filter(|object| generation.is_none_or(|wanted| wanted == object.generation));
            let Some(mut object) = found else {
                return Ok(Err(StorageError::object_not_found(&bucket, &name)));
            };
            let allowed = preconditions.check_write(Some(&object)).and_then(|()| {
                change(ObjectUpdate {
                    attributes: &mut object.attributes,
                    access: &mut object.access,
                })
            });
            if let Err(refusal) = allowed {
                return Ok(Err(refusal));
            }
            object.metageneration += 1;
            object.updated = now;
            catalog::objects::put(connection, &object)?;
            Ok(Ok(object))
        })
        .await
    }

    pub(crate) async fn delete_object(
        &self,
        bucket: &str,
        name: &str,
        generation: Option<i64>,
        preconditions: Preconditions,
    ) -> Result<(), StorageError> {
        let (bucket, name, blobs) = (bucket.to_owned(), name.to_owned(), self.blobs.clone());
        let work = move |connection: &rusqlite::Connection| {
            let found = catalog::objects::find(connection, &bucket, &name)?
                .filter(|object| generation.is_none_or(|wanted| wanted == object.generation));
            let Some(object) = found else {
                return Ok(Err(StorageError::object_not_found(&bucket, &name)));
            };
            if let Err(refusal) = preconditions.check_write(Some(&object)) {
                return Ok(Err(refusal));
            }
            catalog::objects::delete(connection, &bucket, &name)?;
            Ok(Ok(object.blob))
        };
        let forget =
            move |decided: Result<String, StorageError>| decided.map(|blob| blobs.discard(&blob));
        self.store.write_then(work, forget).await?
    }
}
