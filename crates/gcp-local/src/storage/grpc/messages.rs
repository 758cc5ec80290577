//! The messages of `google/storage/v2/storage.proto`, reduced to the fields this server reads or
//! writes; protobuf skips the others. Tags are the published ones.

#![expect(
    clippy::struct_field_names,
    reason = "fields are called what they are called in the published protocol"
)]

use std::collections::HashMap;

use prost::Message;
use prost_types::{FieldMask, Timestamp};

#[derive(Clone, PartialEq, Message)]
pub(super) struct Bucket {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) bucket_id: String,
    #[prost(string, tag = "3")]
    pub(super) project: String,
    #[prost(int64, tag = "4")]
    pub(super) metageneration: i64,
    #[prost(string, tag = "5")]
    pub(super) location: String,
    #[prost(string, tag = "7")]
    pub(super) storage_class: String,
    #[prost(message, repeated, tag = "9")]
    pub(super) default_object_acl: Vec<AccessControl>,
    #[prost(message, optional, tag = "11")]
    pub(super) create_time: Option<Timestamp>,
    #[prost(message, repeated, tag = "12")]
    pub(super) cors: Vec<Cors>,
    #[prost(message, optional, tag = "13")]
    pub(super) update_time: Option<Timestamp>,
    #[prost(map = "string, string", tag = "15")]
    pub(super) labels: HashMap<String, String>,
    #[prost(string, tag = "29")]
    pub(super) etag: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AccessControl {
    #[prost(string, tag = "1")]
    pub(super) role: String,
    #[prost(string, tag = "3")]
    pub(super) entity: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Cors {
    #[prost(string, repeated, tag = "1")]
    pub(super) origin: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(super) method: Vec<String>,
    #[prost(string, repeated, tag = "3")]
    pub(super) response_header: Vec<String>,
    #[prost(int32, tag = "4")]
    pub(super) max_age_seconds: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CreateBucketRequest {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(message, optional, tag = "2")]
    pub(super) bucket: Option<Bucket>,
    #[prost(string, tag = "3")]
    pub(super) bucket_id: String,
    #[prost(string, tag = "6")]
    pub(super) predefined_acl: String,
    #[prost(string, tag = "7")]
    pub(super) predefined_default_object_acl: String,
}

/// `GetBucketRequest` and `DeleteBucketRequest`, which are alike as far as they are used.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BucketRequest {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int64, optional, tag = "2")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    pub(super) if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct UpdateBucketRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) bucket: Option<Bucket>,
    #[prost(int64, optional, tag = "2")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    pub(super) if_metageneration_not_match: Option<i64>,
    #[prost(message, optional, tag = "6")]
    pub(super) update_mask: Option<FieldMask>,
    #[prost(string, tag = "9")]
    pub(super) predefined_default_object_acl: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListBucketsRequest {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(int32, tag = "2")]
    pub(super) page_size: i32,
    #[prost(string, tag = "3")]
    pub(super) page_token: String,
    #[prost(string, tag = "4")]
    pub(super) prefix: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListBucketsResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) buckets: Vec<Bucket>,
    #[prost(string, tag = "2")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Object {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) bucket: String,
    #[prost(int64, tag = "3")]
    pub(super) generation: i64,
    #[prost(int64, tag = "4")]
    pub(super) metageneration: i64,
    #[prost(string, tag = "5")]
    pub(super) storage_class: String,
    #[prost(int64, tag = "6")]
    pub(super) size: i64,
    #[prost(string, tag = "7")]
    pub(super) content_encoding: String,
    #[prost(string, tag = "8")]
    pub(super) content_disposition: String,
    #[prost(string, tag = "9")]
    pub(super) cache_control: String,
    #[prost(string, tag = "11")]
    pub(super) content_language: String,
    #[prost(string, tag = "13")]
    pub(super) content_type: String,
    #[prost(message, optional, tag = "14")]
    pub(super) create_time: Option<Timestamp>,
    #[prost(int32, tag = "15")]
    pub(super) component_count: i32,
    #[prost(message, optional, tag = "16")]
    pub(super) checksums: Option<ObjectChecksums>,
    #[prost(message, optional, tag = "17")]
    pub(super) update_time: Option<Timestamp>,
    #[prost(map = "string, string", tag = "22")]
    pub(super) metadata: HashMap<String, String>,
    #[prost(message, optional, tag = "26")]
    pub(super) custom_time: Option<Timestamp>,
    #[prost(string, tag = "27")]
    pub(super) etag: String,
    #[prost(message, optional, tag = "36")]
    pub(super) finalize_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ObjectChecksums {
    #[prost(fixed32, optional, tag = "1")]
    pub(super) crc32c: Option<u32>,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) md5_hash: bytes::Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GetObjectRequest {
    #[prost(string, tag = "1")]
    pub(super) bucket: String,
    #[prost(string, tag = "2")]
    pub(super) object: String,
    #[prost(int64, tag = "3")]
    pub(super) generation: i64,
    #[prost(int64, optional, tag = "4")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub(super) if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    pub(super) if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DeleteObjectRequest {
    #[prost(string, tag = "1")]
    pub(super) bucket: String,
    #[prost(string, tag = "2")]
    pub(super) object: String,
    #[prost(int64, tag = "4")]
    pub(super) generation: i64,
    #[prost(int64, optional, tag = "5")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub(super) if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "8")]
    pub(super) if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct UpdateObjectRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) object: Option<Object>,
    #[prost(int64, optional, tag = "2")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    pub(super) if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "4")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub(super) if_metageneration_not_match: Option<i64>,
    #[prost(message, optional, tag = "7")]
    pub(super) update_mask: Option<FieldMask>,
    #[prost(string, tag = "10")]
    pub(super) predefined_acl: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListObjectsRequest {
    #[prost(string, tag = "1")]
    pub(super) parent: String,
    #[prost(int32, tag = "2")]
    pub(super) page_size: i32,
    #[prost(string, tag = "3")]
    pub(super) page_token: String,
    #[prost(string, tag = "4")]
    pub(super) delimiter: String,
    #[prost(bool, tag = "5")]
    pub(super) include_trailing_delimiter: bool,
    #[prost(string, tag = "6")]
    pub(super) prefix: String,
    #[prost(string, tag = "10")]
    pub(super) lexicographic_start: String,
    #[prost(string, tag = "11")]
    pub(super) lexicographic_end: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListObjectsResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) objects: Vec<Object>,
    #[prost(string, repeated, tag = "2")]
    pub(super) prefixes: Vec<String>,
    #[prost(string, tag = "3")]
    pub(super) next_page_token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ComposeObjectRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) destination: Option<Object>,
    #[prost(message, repeated, tag = "2")]
    pub(super) source_objects: Vec<SourceObject>,
    #[prost(int64, optional, tag = "4")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(string, tag = "9")]
    pub(super) destination_predefined_acl: String,
    #[prost(message, optional, tag = "10")]
    pub(super) object_checksums: Option<ObjectChecksums>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SourceObject {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int64, tag = "2")]
    pub(super) generation: i64,
    #[prost(message, optional, tag = "3")]
    pub(super) object_preconditions: Option<ObjectPreconditions>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ObjectPreconditions {
    #[prost(int64, optional, tag = "1")]
    pub(super) if_generation_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RewriteObjectRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) destination: Option<Object>,
    #[prost(string, tag = "2")]
    pub(super) source_bucket: String,
    #[prost(string, tag = "3")]
    pub(super) source_object: String,
    #[prost(int64, tag = "4")]
    pub(super) source_generation: i64,
    #[prost(int64, optional, tag = "7")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "8")]
    pub(super) if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "9")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "10")]
    pub(super) if_metageneration_not_match: Option<i64>,
    #[prost(int64, optional, tag = "11")]
    pub(super) if_source_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "12")]
    pub(super) if_source_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "13")]
    pub(super) if_source_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "14")]
    pub(super) if_source_metageneration_not_match: Option<i64>,
    #[prost(string, tag = "24")]
    pub(super) destination_name: String,
    #[prost(string, tag = "25")]
    pub(super) destination_bucket: String,
    #[prost(string, tag = "28")]
    pub(super) destination_predefined_acl: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RewriteResponse {
    #[prost(int64, tag = "1")]
    pub(super) total_bytes_rewritten: i64,
    #[prost(int64, tag = "2")]
    pub(super) object_size: i64,
    #[prost(bool, tag = "3")]
    pub(super) done: bool,
    #[prost(message, optional, tag = "5")]
    pub(super) resource: Option<Object>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BidiReadObjectRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) read_object_spec: Option<BidiReadObjectSpec>,
    #[prost(message, repeated, tag = "8")]
    pub(super) read_ranges: Vec<ReadRange>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BidiReadObjectSpec {
    #[prost(string, tag = "1")]
    pub(super) bucket: String,
    #[prost(string, tag = "2")]
    pub(super) object: String,
    #[prost(int64, tag = "3")]
    pub(super) generation: i64,
    #[prost(int64, optional, tag = "4")]
    pub(super) if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    pub(super) if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub(super) if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    pub(super) if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BidiReadObjectResponse {
    #[prost(message, optional, tag = "4")]
    pub(super) metadata: Option<Object>,
    #[prost(message, repeated, tag = "6")]
    pub(super) object_data_ranges: Vec<ObjectRangeData>,
}

/// A length of 0 reads to the end; a negative offset counts from there.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct ReadRange {
    #[prost(int64, tag = "1")]
    pub(super) read_offset: i64,
    #[prost(int64, tag = "2")]
    pub(super) read_length: i64,
    #[prost(int64, tag = "3")]
    pub(super) read_id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ObjectRangeData {
    #[prost(message, optional, tag = "1")]
    pub(super) checksummed_data: Option<ChecksummedData>,
    #[prost(message, optional, tag = "2")]
    pub(super) read_range: Option<ReadRange>,
    #[prost(bool, tag = "3")]
    pub(super) range_end: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ChecksummedData {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) content: bytes::Bytes,
    #[prost(fixed32, optional, tag = "2")]
    pub(super) crc32c: Option<u32>,
}
