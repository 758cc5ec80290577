//! [`ObjectStore`] on Cloud Storage.
//!
//! Clients upload by themselves with signed URLs (`signing`); we read one generation (`download`)
//! and write under names that are never reused (`upload`). Which addresses stand for our objects
//! is decided by comparing text, and nothing is fetched to find out (`addresses`).

mod addresses;
mod bucket;
mod download;
mod signing;
mod upload;

use std::path::Path;

use async_trait::async_trait;
use avvivo_ports::{
    ObjectMeta, ObjectPath, ObjectStore, SignedUpload, StoreError, Upload, UploadGrant,
};
use bytes::Bytes;
use google_cloud_auth::signer::Signer;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_storage::client::{Storage, StorageControl};
use google_cloud_storage::model::Object;

use self::addresses::PublicAddresses;
use crate::environment::{BuildError, CALL_LIMIT, Environment};
use crate::fault::{self, Trouble};

/// Most names that one page of a listing holds.
const PAGE_LIMIT: i32 = 1_000;

/// The bucket and the addresses that lead to it.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The bucket's name.
    pub bucket: String,
    /// What public addresses begin with, when a CDN or a local server stands in front of the
    /// bucket (`GCS_PUBLIC_BASE_URL`). Google's own address otherwise.
    pub public_base_url: Option<String>,
    /// Scheme and authority that signed uploads go to, when clients reach the store under another
    /// name than we do.
    pub upload_endpoint: Option<String>,
}

/// Keeps files in one bucket of Cloud Storage.
#[derive(Debug, Clone)]
pub struct CloudStorage {
    storage: Storage,
    control: StorageControl,
    /// `None` where a local server came without a key.
    signer: Option<Signer>,
    upload_endpoint: Option<String>,
    bucket: String,
    /// The bucket as the API names it.
    parent: String,
    addresses: PublicAddresses,
}

impl CloudStorage {
    /// Builds the clients. Nothing is contacted yet.
    pub async fn connect(
        environment: &Environment,
        config: StorageConfig,
    ) -> Result<Self, BuildError> {
        let local = environment
            .local(|server| &server.storage)
            .map(str::to_owned);
        Ok(Self {
            storage: environment.storage().await?,
            control: environment.storage_control().await?,
            signer: environment.signer()?,
            upload_endpoint: config.upload_endpoint.or(local),
            parent: format!("projects/_/buckets/{}", config.bucket),
            addresses: PublicAddresses::new(&config.bucket, config.public_base_url.as_deref()),
            bucket: config.bucket,
        })
    }

    async fn find(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let get = self
            .control
            .get_object()
            .set_bucket(&self.parent)
            .set_object(path.as_str())
            .send();
        match fault::call(CALL_LIMIT, get).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if fault::is_missing(&error) => Ok(None),
            Err(error) => Err(Trouble::from(error).into()),
        }
    }
}

#[async_trait]
impl ObjectStore for CloudStorage {
    async fn sign_upload(&self, grant: &UploadGrant) -> Result<SignedUpload, StoreError> {
        self.sign(grant).await
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<ObjectMeta>, StoreError> {
        Ok(self.find(path).await?.as_ref().map(to_meta))
    }

    async fn download(
        &self,
        path: &ObjectPath,
        generation: i64,
        max_bytes: u64,
        into: &Path,
    ) -> Result<u64, StoreError> {
        self.stream_into(path, generation, max_bytes, into).await
    }

    async fn read(&self, path: &ObjectPath, max_bytes: u64) -> Result<Bytes, StoreError> {
        self.read_whole(path, max_bytes).await
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<ObjectMeta, StoreError> {
        self.store(upload).await
    }

    async fn delete(&self, path: &ObjectPath) -> Result<(), StoreError> {
        let delete = self
            .control
            .delete_object()
            .set_bucket(&self.parent)
            .set_object(path.as_str())
            // Names are never reused, so a repeated delete cannot hit a newer object.
            .with_idempotency(true)
            .send();
        match fault::call(CALL_LIMIT, delete).await {
            Ok(()) => Ok(()),
            Err(error) if fault::is_missing(&error) => Ok(()),
            Err(error) => Err(Trouble::from(error).into()),
        }
    }

    async fn list(&self, prefix: &str, limit: usize) -> Result<Vec<ObjectPath>, StoreError> {
        let page = i32::try_from(limit).map_or(PAGE_LIMIT, |limit| limit.min(PAGE_LIMIT));
        let mut objects = self
            .control
            .list_objects()
            .set_parent(&self.parent)
            .set_prefix(prefix)
            .set_page_size(page)
            .by_item();
        let mut paths = Vec::new();
        while paths.len() < limit {
            let next = fault::call(CALL_LIMIT, async { objects.next().await.transpose() });
            match next.await.map_err(Trouble::from)? {
                Some(object) => paths.push(ObjectPath::new(object.name)),
                None => break,
            }
        }
        Ok(paths)
    }

    fn bucket(&self) -> &str {
        &self.bucket
    }

    fn public_url(&self, path: &ObjectPath) -> String {
        self.addresses.url(path)
    }

    fn path_of(&self, public_url: &str) -> Option<ObjectPath> {
        self.addresses.path(public_url)
    }
}

fn to_meta(object: &Object) -> ObjectMeta {
    ObjectMeta {
        generation: object.generation,
        size_bytes: u64::try_from(object.size).unwrap_or(0),
        content_type: object.content_type.clone(),
    }
}
