//! Buckets over gRPC.

use super::convert::{self, access_of_acl, bucket_name, cors_rule, page_size, predefined};
use super::messages as pb;
use crate::storage::Storage;
use crate::storage::bucket::Settings;
use crate::storage::error::StorageError;
use crate::storage::object::Access;
use crate::storage::precondition::Preconditions;
use crate::wire::ApiError;

/// Google's largest page of buckets.
const MAX_PAGE: usize = 1000;

pub(super) async fn create(
    storage: Storage,
    call: pb::CreateBucketRequest,
) -> Result<pb::Bucket, ApiError> {
    let wanted = call.bucket.unwrap_or_default();
    let project = [&wanted.project, &call.parent]
        .into_iter()
        .filter_map(|resource| resource.strip_prefix("projects/"))
        .find(|project| !project.is_empty() && *project != "_")
        .unwrap_or(&storage.project)
        .to_owned();
    let mut settings = Settings::default();
    let lists = [
        call.predefined_acl.as_str(),
        &call.predefined_default_object_acl,
    ];
    for path in [
        "location",
        "storage_class",
        "cors",
        "labels",
        "default_object_acl",
    ] {
        apply(&mut settings, &wanted, path)?;
    }
    if lists
        .into_iter()
        .any(|acl| predefined(acl) == Some(Access::PublicRead))
    {
        settings.access = Access::PublicRead;
    }
    let bucket = storage
        .engine
        .create_bucket(call.bucket_id, project, settings)
        .await?;
    Ok(convert::bucket(&bucket))
}

pub(super) async fn get(storage: Storage, call: pb::BucketRequest) -> Result<pb::Bucket, ApiError> {
    let bucket = storage.engine.bucket(&bucket_name(&call.name)?).await?;
    preconditions(&call).check_bucket_read(bucket.metageneration)?;
    Ok(convert::bucket(&bucket))
}

pub(super) async fn list(
    storage: Storage,
    call: pb::ListBucketsRequest,
) -> Result<pb::ListBucketsResponse, ApiError> {
    let limit = match page_size(call.page_size) {
        0 => MAX_PAGE,
        limit => limit.min(MAX_PAGE),
    };
    let page = storage
        .engine
        .list_buckets(call.prefix, call.page_token, limit)
        .await?;
    Ok(pb::ListBucketsResponse {
        buckets: page.buckets.iter().map(convert::bucket).collect(),
        next_page_token: page.next.unwrap_or_default(),
    })
}

pub(super) async fn update(
    storage: Storage,
    call: pb::UpdateBucketRequest,
) -> Result<pb::Bucket, ApiError> {
    let wanted = call.bucket.unwrap_or_default();
    let name = bucket_name(&wanted.name)?;
    let paths = call.update_mask.unwrap_or_default().paths;
    let public = predefined(&call.predefined_default_object_acl);
    let preconditions = Preconditions {
        metageneration_match: call.if_metageneration_match,
        metageneration_not_match: call.if_metageneration_not_match,
        ..Preconditions::default()
    };
    let change = move |settings: &mut Settings| {
        for path in &paths {
            apply(settings, &wanted, path)?;
        }
        settings.access = public.unwrap_or(settings.access);
        Ok(())
    };
    let bucket = storage
        .engine
        .update_bucket(&name, preconditions, change)
        .await?;
    Ok(convert::bucket(&bucket))
}

pub(super) async fn delete(storage: Storage, call: pb::BucketRequest) -> Result<(), ApiError> {
    let name = bucket_name(&call.name)?;
    Ok(storage
        .engine
        .delete_bucket(&name, preconditions(&call))
        .await?)
}

/// Takes over the field that a mask's path names.
fn apply(settings: &mut Settings, wanted: &pb::Bucket, path: &str) -> Result<(), StorageError> {
    let text = |field: &String| Some(field.clone()).filter(|field| !field.is_empty());
    match path {
        "location" => settings.location = text(&wanted.location).map(|l| l.to_uppercase()),
        "storage_class" => settings.storage_class = text(&wanted.storage_class),
        "cors" => settings.cors = wanted.cors.iter().cloned().map(cors_rule).collect(),
        "labels" => settings.labels = wanted.labels.clone().into_iter().collect(),
        "default_object_acl" => settings.access = access_of_acl(&wanted.default_object_acl),
        path => {
            return Err(StorageError::Invalid(format!(
                "gcp-local cannot update {path}."
            )));
        }
    }
    Ok(())
}

fn preconditions(call: &pb::BucketRequest) -> Preconditions {
    Preconditions {
        metageneration_match: call.if_metageneration_match,
        metageneration_not_match: call.if_metageneration_not_match,
        ..Preconditions::default()
    }
}
