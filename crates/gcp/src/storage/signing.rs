//! Signed uploads: a URL that lets its holder PUT one object of one type, and of one size if known.

use avvivo_ports::{SignedUpload, StoreError, UploadGrant};
use google_cloud_storage::builder::storage::SignedUrlBuilder;
use google_cloud_storage::http::Method;

use super::CloudStorage;
use crate::environment::CALL_LIMIT;

impl CloudStorage {
    pub(super) async fn sign(&self, grant: &UploadGrant) -> Result<SignedUpload, StoreError> {
        let Some(signer) = &self.signer else {
            return Err(refused("no signing key is configured"));
        };
        let mut headers = vec![("content-type".to_owned(), grant.content_type.clone())];
        if let Some(size) = grant.size_bytes {
            // Cloud Storage cuts the upload off at the upper bound and refuses a shorter one.
            headers.push((
                "x-goog-content-length-range".to_owned(),
                format!("{size},{size}"),
            ));
        }
        let mut builder = SignedUrlBuilder::for_object(&self.parent, grant.path.as_str())
            .with_method(Method::PUT)
            // Left out, it would be seven days.
            .with_expiration(grant.expires_in);
        for (name, value) in &headers {
            builder = builder.with_header(name, value);
        }
        if let Some(endpoint) = &self.upload_endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        // Signing is a call to IAM where there is no key file.
        match tokio::time::timeout(CALL_LIMIT, builder.sign_with(signer)).await {
            Ok(Ok(url)) => Ok(SignedUpload { url, headers }),
            Ok(Err(error)) if error.is_invalid_parameter() => Err(refused(&error.to_string())),
            Ok(Err(error)) => Err(StoreError::Unavailable {
                reason: error.to_string(),
            }),
            Err(_elapsed) => Err(StoreError::Unavailable {
                reason: "no signature in time".to_owned(),
            }),
        }
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::Refused {
        reason: reason.to_owned(),
    }
}
