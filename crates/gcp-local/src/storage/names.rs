//! Names in paths: which part is the bucket, which the object, and how both are encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// RFC 3986's unreserved characters stay as they are.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

/// Encodes all but unreserved characters and slashes.
pub(crate) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// Encodes a name so that it is one segment of a path.
pub(crate) fn encode_segment(name: &str) -> String {
    utf8_percent_encode(name, COMPONENT).to_string()
}

/// Decodes a path; none when that is not UTF-8.
pub(crate) fn decode_path(path: &str) -> Option<String> {
    percent_decode_str(path)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The short name in `projects/_/buckets/NAME`, the form the gRPC API uses; none for anything else.
pub(crate) fn bucket_of(resource: &str) -> Option<&str> {
    let rest = resource.strip_prefix("projects/")?;
    let (_, name) = rest.split_once("/buckets/")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The gRPC API's name of a bucket.
pub(crate) fn bucket_resource(name: &str) -> String {
    format!("projects/_/buckets/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_survive_their_encoding() {
        let name = "a b/ñ%2F+?#&~'()*.mp4";
        assert_eq!(decode_path(&encode_path(name)).as_deref(), Some(name));
        assert!(!encode_segment(name).contains('/'));
        assert!(encode_path(name).contains('/'));
    }

    #[test]
    fn only_bucket_resources_name_buckets() {
        assert_eq!(bucket_of("projects/_/buckets/b"), Some("b"));
        for other in [
            "b",
            "projects/_/buckets/",
            "projects/_/buckets/a/b",
            "projects/p",
        ] {
            assert_eq!(bucket_of(other), None, "{other}");
        }
    }
}
