//! Stores in which something happens.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use avvivo_ports::{
    ObjectMeta, ObjectPath, ObjectStore, SignedUpload, StoreError, Upload, UploadGrant,
};
use bytes::Bytes;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What happens.
pub(crate) enum Twist {
    /// The next so many downloads find the store away.
    Away(AtomicU32),
    /// Downloads wait until they are let go.
    Stalled(Arc<Semaphore>),
    /// The reel is hidden as soon as its last output is stored.
    HideAfterUpload(PgPool, Uuid),
}

/// The real store, with a twist.
pub(crate) struct Twisted {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) twist: Twist,
}

#[async_trait]
impl ObjectStore for Twisted {
    async fn sign_upload(&self, grant: &UploadGrant) -> Result<SignedUpload, StoreError> {
        self.inner.sign_upload(grant).await
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<ObjectMeta>, StoreError> {
        self.inner.stat(path).await
    }

    async fn download(
        &self,
        path: &ObjectPath,
        generation: i64,
        max_bytes: u64,
        into: &Path,
    ) -> Result<u64, StoreError> {
        if let Twist::Away(left) = &self.twist
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
        {
            return Err(StoreError::Unavailable {
                reason: "twisted".to_owned(),
            });
        }
        if let Twist::Stalled(go) = &self.twist {
            go.acquire().await.unwrap().forget();
        }
        self.inner.download(path, generation, max_bytes, into).await
    }

    async fn read(&self, path: &ObjectPath, max_bytes: u64) -> Result<Bytes, StoreError> {
        self.inner.read(path, max_bytes).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<ObjectMeta, StoreError> {
        let last = upload.path.as_str().ends_with("-thumb.jpg");
        let stored = self.inner.upload(upload).await?;
        if let (Twist::HideAfterUpload(pool, reel), true) = (&self.twist, last) {
            let hide = "UPDATE reels SET status = 'HIDDEN', hidden = true, lease_token = NULL, lease_until = NULL
                        WHERE id = $1";
            sqlx::query(hide).bind(reel).execute(pool).await.unwrap();
        }
        Ok(stored)
    }

    async fn delete(&self, path: &ObjectPath) -> Result<(), StoreError> {
        self.inner.delete(path).await
    }

    async fn list(&self, prefix: &str, limit: usize) -> Result<Vec<ObjectPath>, StoreError> {
        self.inner.list(prefix, limit).await
    }

    fn bucket(&self) -> &str {
        self.inner.bucket()
    }

    fn public_url(&self, path: &ObjectPath) -> String {
        self.inner.public_url(path)
    }

    fn path_of(&self, public_url: &str) -> Option<ObjectPath> {
        self.inner.path_of(public_url)
    }
}
