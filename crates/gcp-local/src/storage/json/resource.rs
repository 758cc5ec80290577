//! Objects and buckets as JSON resources, in both directions.

use serde_json::{Map, Value, json};

use crate::storage::bucket::{Bucket, Settings};
use crate::storage::error::StorageError;
use crate::storage::names::encode_segment;
use crate::storage::object::{Access, Attributes, Object};
use crate::wire::json::format_time;

/// An object's resource; 64-bit numbers are strings, as in all of Google's JSON.
pub(crate) fn object_resource(object: &Object, base: &str) -> Value {
    let (bucket, name) = (encode_segment(&object.bucket), encode_segment(&object.name));
    let generation = object.generation;
    let mut resource = json!({
        "kind": "storage#object",
        "id": format!("{}/{}/{generation}", object.bucket, object.name),
        "selfLink": format!("{base}/storage/v1/b/{bucket}/o/{name}"),
        "mediaLink": format!(
            "{base}/download/storage/v1/b/{bucket}/o/{name}?generation={generation}&alt=media"
        ),
        "name": object.name,
        "bucket": object.bucket,
        "generation": generation.to_string(),
        "metageneration": object.metageneration.to_string(),
        "size": object.size.to_string(),
        "crc32c": object.checksums.crc32c_base64(),
        "etag": object.etag(),
        "timeCreated": format_time(object.created),
        "timeFinalized": format_time(object.created),
        "timeStorageClassUpdated": format_time(object.created),
        "updated": format_time(object.updated),
    });
    if let (Value::Object(fields), Ok(Value::Object(attributes))) =
        (&mut resource, serde_json::to_value(&object.attributes))
    {
        fields.extend(attributes);
        fields.insert("contentType".to_owned(), object.content_type().into());
        fields.insert("storageClass".to_owned(), object.storage_class().into());
        if let Some(md5) = object.checksums.md5_base64() {
            fields.insert("md5Hash".to_owned(), md5.into());
        }
        if let Some(count) = object.component_count {
            fields.insert("componentCount".to_owned(), count.into());
        }
    }
    resource
}

/// The attributes in a resource; fields this server does not know are ignored.
pub(crate) fn attributes(resource: Value) -> Result<Attributes, StorageError> {
    serde_json::from_value(without_nulls(resource))
        .map_err(|error| StorageError::Invalid(format!("Invalid object resource: {error}")))
}

/// RFC 7396: a null removes, an object is merged, anything else replaces.
pub(crate) fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(fields) = target {
        for (name, change) in changes {
            if change.is_null() {
                fields.remove(&name);
            } else {
                merge_patch(fields.entry(name).or_insert(Value::Null), change);
            }
        }
    }
}

/// Whether an access control list in a resource lets anybody read.
pub(crate) fn access_of_acl(acl: Option<&Value>) -> Option<Access> {
    let entries = acl?.as_array()?;
    let public = |entry: &Value| {
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        field("entity") == Some("allUsers") && matches!(field("role"), Some("READER" | "OWNER"))
    };
    Some(if entries.iter().any(public) {
        Access::PublicRead
    } else {
        Access::Private
    })
}

/// A bucket's resource.
pub(crate) fn bucket_resource(bucket: &Bucket, base: &str) -> Value {
    let settings = &bucket.settings;
    let mut resource = json!({
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": format!("{base}/storage/v1/b/{}", encode_segment(&bucket.name)),
        "name": bucket.name,
        "projectNumber": "0",
        "metageneration": bucket.metageneration.to_string(),
        "etag": etag(bucket),
        "location": bucket.location(),
        "storageClass": bucket.storage_class(),
        "timeCreated": format_time(bucket.created),
        "updated": format_time(bucket.updated),
        "labels": settings.labels,
        "iamConfiguration": {
            "uniformBucketLevelAccess": { "enabled": false },
            "publicAccessPrevention": "inherited",
        },
    });
    if let Value::Object(fields) = &mut resource {
        if !settings.cors.is_empty() {
            fields.insert("cors".to_owned(), json!(settings.cors));
        }
        if settings.access == Access::PublicRead {
            let acl = json!([{ "entity": "allUsers", "role": "READER" }]);
            fields.insert("defaultObjectAcl".to_owned(), acl);
        }
    }
    resource
}

pub(crate) fn etag(bucket: &Bucket) -> String {
    crate::wire::json::encode_bytes(format!("{}/{}", bucket.name, bucket.metageneration).as_bytes())
}

/// Applies the fields of a bucket resource that are there; null resets one.
pub(crate) fn apply_bucket(settings: &mut Settings, patch: &Value) -> Result<(), StorageError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(location) = patch.get("location") {
        settings.location = text(location).map(|location| location.to_uppercase());
    }
    if let Some(class) = patch.get("storageClass") {
        settings.storage_class = text(class);
    }
    if let Some(cors) = patch.get("cors") {
        settings.cors = field("cors", cors)?;
    }
    if let Some(labels) = patch.get("labels") {
        let mut merged = json!(settings.labels);
        merge_patch(&mut merged, labels.clone());
        settings.labels = field("labels", &merged)?;
    }
    if let Some(access) = access_of_acl(patch.get("defaultObjectAcl")) {
        settings.access = access;
    }
    Ok(())
}

fn field<T: serde::de::DeserializeOwned + Default>(
    name: &str,
    value: &Value,
) -> Result<T, StorageError> {
    if value.is_null() {
        return Ok(T::default());
    }
    serde_json::from_value(value.clone())
        .map_err(|error| StorageError::Invalid(format!("Invalid {name}: {error}")))
}

fn without_nulls(mut resource: Value) -> Value {
    if let Value::Object(fields) = &mut resource {
        fields.retain(|_, value| !value.is_null());
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::object::sample;

    #[test]
    fn a_patch_changes_merges_and_removes() {
        let mut target = json!({ "a": 1, "m": { "x": "1", "y": "2" }, "gone": true });
        merge_patch(
            &mut target,
            json!({ "a": 2, "m": { "y": null, "z": "3" }, "gone": null }),
        );
        assert_eq!(target, json!({ "a": 2, "m": { "x": "1", "z": "3" } }));
    }

    #[test]
    fn an_object_resource_reads_back_as_its_attributes() {
        let object = sample();
        let resource = object_resource(&object, "http://localhost");
        assert_eq!(resource["generation"], "1700000000000000");
        assert_eq!(
            resource["selfLink"],
            "http://localhost/storage/v1/b/media/o/reels%2F1.mp4"
        );
        let read = attributes(resource).unwrap();
        assert_eq!(read.content_type.as_deref(), Some("video/mp4"));
    }

    #[test]
    fn only_all_users_make_a_list_public() {
        let acl = json!([{ "entity": "user-a@b.c", "role": "OWNER" }]);
        assert_eq!(access_of_acl(Some(&acl)), Some(Access::Private));
        let acl = json!([{ "entity": "allUsers", "role": "READER" }]);
        assert_eq!(access_of_acl(Some(&acl)), Some(Access::PublicRead));
        assert_eq!(access_of_acl(None), None);
    }
}
