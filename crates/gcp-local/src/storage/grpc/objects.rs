//! Objects over gRPC, but for their bytes.

use super::convert::{self, bucket_name, generation, page_size, predefined};
use super::messages as pb;
use crate::storage::Storage;
use crate::storage::engine::{ComposeSource, CopySource, ListQuery, NewObject, ObjectUpdate};
use crate::storage::error::StorageError;
use crate::storage::object::Attributes;
use crate::storage::precondition::Preconditions;
use crate::wire::ApiError;

pub(super) async fn get(
    storage: Storage,
    call: pb::GetObjectRequest,
) -> Result<pb::Object, ApiError> {
    let bucket = bucket_name(&call.bucket)?;
    let preconditions = Preconditions {
        generation_match: call.if_generation_match,
        generation_not_match: call.if_generation_not_match,
        metageneration_match: call.if_metageneration_match,
        metageneration_not_match: call.if_metageneration_not_match,
    };
    let version = generation(call.generation);
    let object = storage
        .engine
        .object(&bucket, &call.object, version, preconditions)
        .await?;
    Ok(convert::object(&object))
}

pub(super) async fn list(
    storage: Storage,
    call: pb::ListObjectsRequest,
) -> Result<pb::ListObjectsResponse, ApiError> {
    let query = ListQuery {
        bucket: bucket_name(&call.parent)?,
        prefix: call.prefix,
        delimiter: call.delimiter,
        include_trailing_delimiter: call.include_trailing_delimiter,
        start: call.lexicographic_start,
        end: call.lexicographic_end,
        page_token: call.page_token,
        limit: page_size(call.page_size),
    };
    let listing = storage.engine.list_objects(query).await?;
    Ok(pb::ListObjectsResponse {
        objects: listing.objects.iter().map(convert::object).collect(),
        prefixes: listing.prefixes,
        next_page_token: listing.next_page_token.unwrap_or_default(),
    })
}

pub(super) async fn update(
    storage: Storage,
    call: pb::UpdateObjectRequest,
) -> Result<pb::Object, ApiError> {
    let wanted = call.object.unwrap_or_default();
    let (bucket, name) = (bucket_name(&wanted.bucket)?, wanted.name.clone());
    let version = generation(wanted.generation);
    let preconditions = Preconditions {
        generation_match: call.if_generation_match,
        generation_not_match: call.if_generation_not_match,
        metageneration_match: call.if_metageneration_match,
        metageneration_not_match: call.if_metageneration_not_match,
    };
    let paths = call.update_mask.unwrap_or_default().paths;
    let (access, wanted) = (
        predefined(&call.predefined_acl),
        convert::attributes(wanted),
    );
    let change = move |object: ObjectUpdate<'_>| {
        for path in &paths {
            apply(object.attributes, &wanted, path)?;
        }
        *object.access = access.unwrap_or(*object.access);
        Ok(())
    };
    let object = storage
        .engine
        .update_object(&bucket, &name, version, preconditions, change)
        .await?;
    Ok(convert::object(&object))
}

/// Takes over the field that a mask's path names; `metadata.key` names one entry, `*` everything.
fn apply(target: &mut Attributes, wanted: &Attributes, path: &str) -> Result<(), StorageError> {
    match path {
        "*" => *target = wanted.clone(),
        "content_type" => target.content_type.clone_from(&wanted.content_type),
        "content_encoding" => target.content_encoding.clone_from(&wanted.content_encoding),
        "content_disposition" => {
            target
                .content_disposition
                .clone_from(&wanted.content_disposition);
        }
        "content_language" => target.content_language.clone_from(&wanted.content_language),
        "cache_control" => target.cache_control.clone_from(&wanted.cache_control),
        "custom_time" => target.custom_time = wanted.custom_time,
        "metadata" => target.metadata.clone_from(&wanted.metadata),
        path => match path.strip_prefix("metadata.") {
            Some(key) => match wanted.metadata.get(key) {
                Some(value) => drop(target.metadata.insert(key.to_owned(), value.clone())),
                None => drop(target.metadata.remove(key)),
            },
            None => {
                return Err(StorageError::Invalid(format!(
                    "gcp-local cannot update {path}."
                )));
            }
        },
    }
    Ok(())
}

pub(super) async fn delete(
    storage: Storage,
    call: pb::DeleteObjectRequest,
) -> Result<(), ApiError> {
    let bucket = bucket_name(&call.bucket)?;
    let preconditions = Preconditions {
        generation_match: call.if_generation_match,
        generation_not_match: call.if_generation_not_match,
        metageneration_match: call.if_metageneration_match,
        metageneration_not_match: call.if_metageneration_not_match,
    };
    let version = generation(call.generation);
    Ok(storage
        .engine
        .delete_object(&bucket, &call.object, version, preconditions)
        .await?)
}

pub(super) async fn compose(
    storage: Storage,
    call: pb::ComposeObjectRequest,
) -> Result<pb::Object, ApiError> {
    let wanted = call.destination.unwrap_or_default();
    let destination = NewObject {
        access: predefined(&call.destination_predefined_acl).unwrap_or_default(),
        preconditions: Preconditions {
            generation_match: call.if_generation_match,
            metageneration_match: call.if_metageneration_match,
            ..Preconditions::default()
        },
        expected: convert::expected(call.object_checksums)?,
        ..NewObject::named(bucket_name(&wanted.bucket)?, wanted.name.clone())
    };
    let destination = NewObject {
        attributes: convert::attributes(wanted),
        ..destination
    };
    let sources = call.source_objects.into_iter().map(|source| ComposeSource {
        name: source.name,
        generation: generation(source.generation),
        generation_match: source
            .object_preconditions
            .and_then(|p| p.if_generation_match),
    });
    let object = storage
        .engine
        .compose_object(sources.collect(), destination)
        .await?;
    Ok(convert::object(&object))
}

pub(super) async fn rewrite(
    storage: Storage,
    call: pb::RewriteObjectRequest,
) -> Result<pb::RewriteResponse, ApiError> {
    let source = CopySource {
        bucket: bucket_name(&call.source_bucket)?,
        name: call.source_object,
        generation: generation(call.source_generation),
        preconditions: Preconditions {
            generation_match: call.if_source_generation_match,
            generation_not_match: call.if_source_generation_not_match,
            metageneration_match: call.if_source_metageneration_match,
            metageneration_not_match: call.if_source_metageneration_not_match,
        },
    };
    let destination = NewObject {
        access: predefined(&call.destination_predefined_acl).unwrap_or_default(),
        preconditions: Preconditions {
            generation_match: call.if_generation_match,
            generation_not_match: call.if_generation_not_match,
            metageneration_match: call.if_metageneration_match,
            metageneration_not_match: call.if_metageneration_not_match,
        },
        ..NewObject::named(
            bucket_name(&call.destination_bucket)?,
            call.destination_name,
        )
    };
    let attributes = call.destination.map(convert::attributes);
    let object = storage
        .engine
        .copy_object(source, destination, attributes)
        .await?;
    let size = convert::size(object.size);
    Ok(pb::RewriteResponse {
        total_bytes_rewritten: size,
        object_size: size,
        done: true,
        resource: Some(convert::object(&object)),
    })
}
