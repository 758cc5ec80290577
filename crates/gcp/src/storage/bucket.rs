//! Creates the bucket where no deployment has: on a local server.

use avvivo_ports::StoreError;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_storage::model::{Bucket, bucket::Cors};
use google_cloud_wkt::FieldMask;

use super::CloudStorage;
use crate::environment::CALL_LIMIT;
use crate::fault::{self, Trouble};

/// How long browsers may remember the answer to a preflight, in seconds.
const PREFLIGHT_SECONDS: i32 = 3_600;

impl CloudStorage {
    /// Creates the bucket, readable by everyone and writable by signed uploads from pages of
    /// `web_origins`. A bucket that is there gets these origins and keeps everything else.
    pub async fn ensure_bucket(
        &self,
        project: &str,
        web_origins: &[String],
    ) -> Result<(), StoreError> {
        let bucket = Bucket::new()
            .set_project(format!("projects/{project}"))
            .set_cors([cors(web_origins)]);
        let create = self
            .control
            .create_bucket()
            .set_parent("projects/_")
            .set_bucket_id(&self.bucket)
            .set_bucket(bucket)
            .set_predefined_default_object_acl("publicRead")
            .send();
        match fault::call(CALL_LIMIT, create).await {
            Ok(_) => Ok(()),
            Err(error) if fault::is_taken(&error) => self.set_origins(web_origins).await,
            Err(error) => Err(Trouble::from(error).into()),
        }
    }

    async fn set_origins(&self, web_origins: &[String]) -> Result<(), StoreError> {
        let bucket = Bucket::new()
            .set_name(&self.parent)
            .set_cors([cors(web_origins)]);
        let update = self
            .control
            .update_bucket()
            .set_bucket(bucket)
            .set_update_mask(FieldMask::default().set_paths(["cors"]))
            .with_idempotency(true)
            .send();
        fault::call(CALL_LIMIT, update)
            .await
            .map_err(Trouble::from)?;
        Ok(())
    }
}

fn cors(origins: &[String]) -> Cors {
    Cors::new()
        .set_origin(origins)
        .set_method(["GET", "HEAD", "PUT", "OPTIONS"])
        // Both what pages may send and what they may read.
        .set_response_header([
            "Content-Type",
            "ETag",
            "x-goog-content-length-range",
            "x-goog-generation",
        ])
        .set_max_age_seconds(PREFLIGHT_SECONDS)
}
