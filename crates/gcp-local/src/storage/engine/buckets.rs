//! Buckets: create, find, list, change, delete.

use super::Engine;
use crate::storage::bucket::{Bucket, Settings, check_bucket_name};
use crate::storage::catalog;
use crate::storage::error::StorageError;
use crate::storage::precondition::Preconditions;

/// One page of buckets and where the next begins.
pub(crate) struct BucketPage {
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) next: Option<String>,
}

impl Engine {
    pub(crate) async fn create_bucket(
        &self,
        name: String,
        project: String,
        settings: Settings,
    ) -> Result<Bucket, StorageError> {
        check_bucket_name(&name)?;
        let now = self.now();
        let bucket = Bucket {
            name,
            project,
            metageneration: 1,
            settings,
            created: now,
            updated: now,
        };
        self.decide(move |connection| {
            if catalog::buckets::find(connection, &bucket.name)?.is_some() {
                return Ok(Err(StorageError::BucketExists));
            }
            catalog::buckets::put(connection, &bucket)?;
            Ok(Ok(bucket))
        })
        .await
    }

    pub(crate) async fn bucket(&self, name: &str) -> Result<Bucket, StorageError> {
        let name = name.to_owned();
        let found = self
            .store
            .read(move |c| catalog::buckets::find(c, &name))
            .await?;
        found.ok_or(StorageError::BucketNotFound)
    }

    pub(crate) async fn list_buckets(
        &self,
        prefix: String,
        from: String,
        limit: usize,
    ) -> Result<BucketPage, StorageError> {
        let fetched = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut buckets = self
            .store
            .read(move |c| catalog::buckets::list(c, &prefix, &from, fetched))
            .await?;
        let next = buckets.get(limit).map(|bucket| bucket.name.clone());
        buckets.truncate(limit);
        Ok(BucketPage { buckets, next })
    }

    /// Applies `change` to the bucket's settings.
    pub(crate) async fn update_bucket<F>(
        &self,
        name: &str,
        preconditions: Preconditions,
        change: F,
    ) -> Result<Bucket, StorageError>
    where
        F: FnOnce(&mut Settings) -> Result<(), StorageError> + Send + 'static,
    {
        let (name, now) = (name.to_owned(), self.now());
        self.decide(move |connection| {
            let Some(mut bucket) = catalog::buckets::find(connection, &name)? else {
                return Ok(Err(StorageError::BucketNotFound));
            };
            let allowed = preconditions
                .check_bucket_write(bucket.metageneration)
                .and_then(|()| change(&mut bucket.settings));
            if let Err(refusal) = allowed {
                return Ok(Err(refusal));
            }
            bucket.metageneration += 1;
            bucket.updated = now;
            catalog::buckets::put(connection, &bucket)?;
            Ok(Ok(bucket))
        })
        .await
    }

    pub(crate) async fn delete_bucket(
        &self,
        name: &str,
        preconditions: Preconditions,
    ) -> Result<(), StorageError> {
        let name = name.to_owned();
        self.decide(move |connection| {
            let Some(bucket) = catalog::buckets::find(connection, &name)? else {
                return Ok(Err(StorageError::BucketNotFound));
            };
            if let Err(refusal) = preconditions.check_bucket_write(bucket.metageneration) {
                return Ok(Err(refusal));
            }
            if catalog::objects::exist_in(connection, &name)? {
                return Ok(Err(StorageError::BucketNotEmpty));
            }
            catalog::buckets::delete(connection, &name)?;
            Ok(Ok(()))
        })
        .await
    }
}
