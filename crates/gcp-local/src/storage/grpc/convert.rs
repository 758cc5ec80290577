//! Between this API's messages and the store's types.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::messages as pb;
use crate::storage::bucket::Bucket;
use crate::storage::checksum::ExpectedChecksums;
use crate::storage::cors::CorsRule;
use crate::storage::error::StorageError;
use crate::storage::names::{bucket_of, bucket_resource};
use crate::storage::object::{Access, Attributes, Object};
use crate::wire::ApiError;

/// The bucket's short name.
pub(super) fn bucket_name(resource: &str) -> Result<String, ApiError> {
    bucket_of(resource).map(str::to_owned).ok_or_else(|| {
        ApiError::invalid(format!(
            "'{resource}' must look like projects/_/buckets/BUCKET."
        ))
    })
}

pub(super) fn bucket(bucket: &Bucket) -> pb::Bucket {
    let settings = &bucket.settings;
    let default_object_acl = match settings.access {
        Access::PublicRead => {
            vec![pb::AccessControl {
                role: "READER".into(),
                entity: "allUsers".into(),
            }]
        }
        Access::Private => Vec::new(),
    };
    pb::Bucket {
        name: bucket_resource(&bucket.name),
        bucket_id: bucket.name.clone(),
        project: format!("projects/{}", bucket.project),
        metageneration: bucket.metageneration,
        location: bucket.location().to_owned(),
        storage_class: bucket.storage_class().to_owned(),
        default_object_acl,
        create_time: timestamp(bucket.created),
        cors: settings.cors.iter().map(cors).collect(),
        update_time: timestamp(bucket.updated),
        labels: settings.labels.clone().into_iter().collect(),
        etag: crate::storage::json::bucket_etag(bucket),
    }
}

fn cors(rule: &CorsRule) -> pb::Cors {
    pb::Cors {
        origin: rule.origin.clone(),
        method: rule.method.clone(),
        response_header: rule.response_header.clone(),
        max_age_seconds: rule.max_age_seconds.unwrap_or_default(),
    }
}

/// 0 is protobuf's way of saying nothing.
pub(super) fn cors_rule(rule: pb::Cors) -> CorsRule {
    CorsRule {
        origin: rule.origin,
        method: rule.method,
        response_header: rule.response_header,
        max_age_seconds: Some(rule.max_age_seconds).filter(|seconds| *seconds > 0),
    }
}

pub(super) fn access_of_acl(acl: &[pb::AccessControl]) -> Access {
    let public = acl.iter().any(|entry| {
        entry.entity == "allUsers" && matches!(entry.role.as_str(), "READER" | "OWNER")
    });
    if public {
        Access::PublicRead
    } else {
        Access::Private
    }
}

pub(super) fn object(object: &Object) -> pb::Object {
    let attributes = &object.attributes;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let md5_hash = object
        .checksums
        .md5
        .map(|md5| bytes::Bytes::copy_from_slice(&md5));
    pb::Object {
        name: object.name.clone(),
        bucket: bucket_resource(&object.bucket),
        generation: object.generation,
        metageneration: object.metageneration,
        storage_class: object.storage_class().to_owned(),
        size: size(object.size),
        content_encoding: text(&attributes.content_encoding),
        content_disposition: text(&attributes.content_disposition),
        cache_control: text(&attributes.cache_control),
        content_language: text(&attributes.content_language),
        content_type: object.content_type().to_owned(),
        create_time: timestamp(object.created),
        component_count: object
            .component_count
            .and_then(|count| i32::try_from(count).ok())
            .unwrap_or_default(),
        checksums: Some(pb::ObjectChecksums {
            crc32c: Some(object.checksums.crc32c),
            md5_hash: md5_hash.unwrap_or_default(),
        }),
        update_time: timestamp(object.updated),
        metadata: attributes.metadata.clone().into_iter().collect(),
        custom_time: attributes.custom_time.and_then(timestamp),
        etag: object.etag(),
        finalize_time: timestamp(object.created),
    }
}

/// The attributes a message sets; an empty string sets nothing.
pub(super) fn attributes(object: pb::Object) -> Attributes {
    let text = |field: String| Some(field).filter(|field| !field.is_empty());
    Attributes {
        content_type: text(object.content_type),
        content_encoding: text(object.content_encoding),
        content_disposition: text(object.content_disposition),
        content_language: text(object.content_language),
        cache_control: text(object.cache_control),
        custom_time: object.custom_time.and_then(time),
        storage_class: text(object.storage_class),
        metadata: object.metadata.into_iter().collect(),
    }
}

pub(super) fn expected(
    checksums: Option<pb::ObjectChecksums>,
) -> Result<ExpectedChecksums, StorageError> {
    let Some(checksums) = checksums else {
        return Ok(ExpectedChecksums::default());
    };
    let md5 =
        match checksums.md5_hash.len() {
            0 => None,
            _ => {
                Some(checksums.md5_hash.as_ref().try_into().map_err(|_| {
                    StorageError::Invalid("An MD5 checksum has 16 bytes.".to_owned())
                })?)
            }
        };
    Ok(ExpectedChecksums {
        crc32c: checksums.crc32c,
        md5,
    })
}

/// 0 stands for the live generation.
pub(super) fn generation(generation: i64) -> Option<i64> {
    Some(generation).filter(|generation| *generation != 0)
}

/// None for an empty name.
pub(super) fn predefined(acl: &str) -> Option<Access> {
    (!acl.is_empty()).then(|| Access::from_predefined(acl))
}

pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A page size; what is not positive asks for as much as there is in one page.
pub(super) fn page_size(size: i32) -> usize {
    usize::try_from(size).unwrap_or_default()
}

fn timestamp(time: DateTime<Utc>) -> Option<Timestamp> {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).ok()?;
    Some(Timestamp {
        seconds: time.timestamp(),
        nanos,
    })
}

fn time(timestamp: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(timestamp.seconds, u32::try_from(timestamp.nanos).ok()?)
}
