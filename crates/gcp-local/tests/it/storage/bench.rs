//! A server with one bucket, and the clients that talk to it.

use bytes::Bytes;
use gcp_local::{Config, GcpLocal};
use google_cloud_auth::credentials::service_account;
use google_cloud_auth::signer::Signer;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use google_cloud_storage::client::{Storage, StorageControl};
use google_cloud_storage::model::{Bucket, Object};
use google_cloud_storage::model_ext::ReadRange;
use http::Method;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::anonymous;

pub(super) const BUCKET: &str = "reels-media";
pub(super) const RESOURCE: &str = "projects/_/buckets/reels-media";

pub(super) struct Bench {
    pub(super) server: GcpLocal,
    pub(super) storage: Storage,
    pub(super) control: StorageControl,
    /// The browser.
    pub(super) http: reqwest::Client,
    pub(super) signer: Signer,
}

impl Bench {
    /// A server that keeps nothing, with the bucket in it.
    pub(super) async fn start() -> Self {
        let bench = Self::with(Config::default()).await;
        bench.create_bucket().await;
        bench
    }

    pub(super) async fn with(config: Config) -> Self {
        let server = GcpLocal::start(config).await.expect("gcp-local starts");
        let endpoint = format!("http://{}", server.addr());
        let (storage, control) = clients(&endpoint).await;
        let signer = signer(server.service_account_key());
        Self {
            server,
            storage,
            control,
            http: reqwest::Client::new(),
            signer,
        }
    }

    pub(super) async fn create_bucket(&self) {
        create_bucket(&self.control).await;
    }

    /// The address of an object in the XML API.
    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{BUCKET}/{name}", self.server.url())
    }

    /// An address below the bucket in the JSON API.
    pub(super) fn json_url(&self, rest: &str) -> String {
        format!("{}/storage/v1/b/{BUCKET}{rest}", self.server.url())
    }

    /// An address of the upload API.
    pub(super) fn upload_url(&self, query: &str) -> String {
        format!(
            "{}/upload/storage/v1/b/{BUCKET}/o?{query}",
            self.server.url()
        )
    }

    pub(super) async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Object {
        self.storage
            .write_object(RESOURCE, name, bytes.into())
            .send_buffered()
            .await
            .expect("the upload succeeds")
    }

    pub(super) async fn read(&self, name: &str) -> Vec<u8> {
        self.read_range(name, ReadRange::all()).await
    }

    pub(super) async fn read_range(&self, name: &str, range: ReadRange) -> Vec<u8> {
        let reading = self
            .storage
            .read_object(RESOURCE, name)
            .set_read_range(range);
        let mut response = reading.send().await.expect("the object is found");
        let mut bytes = Vec::new();
        while let Some(part) = response.next().await {
            bytes.extend_from_slice(&part.expect("the object is read to its end"));
        }
        bytes
    }

    pub(super) fn signing(&self, method: Method, name: &str) -> SignedUrlBuilder {
        SignedUrlBuilder::for_object(RESOURCE, name)
            .with_method(method)
            .with_endpoint(self.server.url())
            .with_expiration(std::time::Duration::from_mins(10))
    }

    pub(super) async fn sign(&self, url: SignedUrlBuilder) -> String {
        url.sign_with(&self.signer)
            .await
            .expect("the URL is signed")
    }

    pub(super) async fn patch_bucket(&self, change: Value) {
        let patched = self
            .http
            .patch(self.json_url(""))
            .json(&change)
            .send()
            .await;
        assert_eq!(patched.expect("an answer").status(), StatusCode::OK);
    }

    /// Lets one origin upload and read, as the production bucket does.
    pub(super) async fn allow_origin(&self, origin: &str) {
        self.patch_bucket(json!({ "cors": [{
            "origin": [origin],
            "method": ["GET", "HEAD", "PUT", "POST"],
            "responseHeader": [
                "Content-Type", "Content-Range", "Range", "ETag", "Location", "x-goog-generation",
                "x-goog-resumable", "x-goog-content-length-range", "x-goog-if-generation-match",
            ],
            "maxAgeSeconds": 3600,
        }] }))
        .await;
    }
}

pub(super) async fn clients(endpoint: &str) -> (Storage, StorageControl) {
    let storage = Storage::builder()
        .with_endpoint(endpoint)
        .with_credentials(anonymous())
        .with_retry_policy(NeverRetry)
        .build()
        .await
        .expect("a storage client");
    let control = StorageControl::builder()
        .with_endpoint(endpoint)
        .with_credentials(anonymous())
        .with_retry_policy(NeverRetry)
        .build()
        .await
        .expect("a control client");
    (storage, control)
}

pub(super) async fn create_bucket(control: &StorageControl) {
    control
        .create_bucket()
        .set_parent("projects/_")
        .set_bucket_id(BUCKET)
        .set_bucket(Bucket::new().set_project("projects/local"))
        .send()
        .await
        .expect("the bucket is created");
}

pub(super) fn signer(key: &str) -> Signer {
    let key: Value = serde_json::from_str(key).expect("the key is JSON");
    service_account::Builder::new(key)
        .build_signer()
        .expect("the key signs")
}

/// Bytes that differ from place to place.
pub(super) fn noise(length: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

pub(super) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Checks an XML error: its status and its code.
pub(super) async fn refused(response: Response, status: u16, code: &str) {
    let got = response.status();
    let body = response.text().await.expect("an error document");
    assert_eq!(got.as_u16(), status, "{body}");
    assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
}
