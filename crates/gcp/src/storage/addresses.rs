//! Public addresses of objects, there and back.
//!
//! Clients send addresses back to us, so reading them is a border: the address must begin with one
//! of our bases, letter by letter, and what follows must be a plain object name. No URL library
//! takes part, because everything it would forgive (user names, ports, upper case, `..`) is to be
//! refused here.

use avvivo_ports::ObjectPath;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// RFC 3986's unreserved characters stay; the rest of a segment is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Longest object name in bytes, by Cloud Storage's rules.
const NAME_LIMIT: usize = 1_024;

#[derive(Debug, Clone)]
pub(super) struct PublicAddresses {
    /// What our addresses begin with, without a trailing slash.
    base: String,
    /// Google's own address of the bucket; old rows carry it.
    google: String,
}

impl PublicAddresses {
    pub(super) fn new(bucket: &str, public_base_url: Option<&str>) -> Self {
        let google = format!("https://storage.googleapis.com/{bucket}");
        let base = public_base_url
            .map(|base| base.trim_end_matches('/'))
            .filter(|base| !base.is_empty())
            .map_or_else(|| google.clone(), str::to_owned);
        Self { base, google }
    }

    pub(super) fn url(&self, path: &ObjectPath) -> String {
        let mut url = self.base.clone();
        for segment in path.as_str().split('/') {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url
    }

    pub(super) fn path(&self, url: &str) -> Option<ObjectPath> {
        let address = url.split(['?', '#']).next()?;
        [&self.base, &self.google]
            .into_iter()
            .find_map(|base| address.strip_prefix(base.as_str())?.strip_prefix('/'))
            .and_then(object_name)
            .map(ObjectPath::new)
    }
}

fn object_name(encoded: &str) -> Option<String> {
    // The decoder leaves a broken escape as it is; nobody writes one by accident.
    let mut escapes = encoded.split('%').skip(1);
    if !escapes.all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2) {
        return None;
    }
    let name = percent_decode_str(encoded).decode_utf8().ok()?;
    let is_plain = name.len() <= NAME_LIMIT
        && !name.chars().any(|char| char.is_control() || char == '\\')
        && name
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | ".."));
    is_plain.then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn google() -> PublicAddresses {
        PublicAddresses::new("media", None)
    }

    fn cdn() -> PublicAddresses {
        PublicAddresses::new("media", Some("https://cdn.example/files//"))
    }

    fn name(addresses: &PublicAddresses, url: &str) -> Option<String> {
        addresses.path(url).map(|path| path.to_string())
    }

    #[test]
    fn segments_are_encoded_and_slashes_kept() {
        let path = ObjectPath::new("shops/1/bolso rojo?é.mp4");
        assert_eq!(
            google().url(&path),
            "https://storage.googleapis.com/media/shops/1/bolso%20rojo%3F%C3%A9.mp4"
        );
        assert_eq!(
            cdn().url(&path),
            "https://cdn.example/files/shops/1/bolso%20rojo%3F%C3%A9.mp4"
        );
    }

    #[test]
    fn both_bases_are_ours_and_query_and_fragment_do_not_matter() {
        for url in [
            "https://cdn.example/files/shops/1/a.mp4",
            "https://storage.googleapis.com/media/shops/1/a.mp4",
            "https://storage.googleapis.com/media/shops/1/a.mp4?X-Goog-Signature=ab",
            "https://cdn.example/files/shops/1/a.mp4#t=1",
            "https://cdn.example/files/shops%2F1%2Fa.mp4",
        ] {
            assert_eq!(name(&cdn(), url).as_deref(), Some("shops/1/a.mp4"), "{url}");
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        for url in [
            "",
            "https://storage.googleapis.com",
            "https://storage.googleapis.com/media",
            "https://storage.googleapis.com/media/",
            "https://storage.googleapis.com/media?/a.mp4",
            "https://storage.googleapis.com/mediaother/a.mp4",
            "https://storage.googleapis.com/other/a.mp4",
            "https://storage.googleapis.com/other/../media/a.mp4",
            "https://storage.googleapis.com/media/../other/a.mp4",
            "https://storage.googleapis.com/media/%2e%2e/other/a.mp4",
            "https://storage.googleapis.com/media/a%2F..%2Fb.mp4",
            "https://storage.googleapis.com/media/./a.mp4",
            "https://storage.googleapis.com/media//a.mp4",
            "https://storage.googleapis.com/media/a.mp4/",
            "https://storage.googleapis.com/media/a\\b.mp4",
            "https://storage.googleapis.com/media/a%5Cb.mp4",
            "https://storage.googleapis.com/media/a%00.mp4",
            "https://storage.googleapis.com/media/a%0ab.mp4",
            "https://storage.googleapis.com/media/%zz.mp4",
            "https://storage.googleapis.com/media/a%f",
            "https://storage.googleapis.com/media/%ff.mp4",
            "http://storage.googleapis.com/media/a.mp4",
            "//storage.googleapis.com/media/a.mp4",
            "storage.googleapis.com/media/a.mp4",
            "https://storage.googleapis.com:8443/media/a.mp4",
            "https://storage.googleapis.com@evil.example/media/a.mp4",
            "https://user@storage.googleapis.com/media/a.mp4",
            "https://evil.example/https://storage.googleapis.com/media/a.mp4",
            "https://storage.googleapis.com.evil.example/media/a.mp4",
            "https://media.storage.googleapis.com/a.mp4",
            "file:///media/a.mp4",
            " https://storage.googleapis.com/media/a.mp4",
        ] {
            assert_eq!(name(&google(), url), None, "{url}");
        }
    }

    fn object_names() -> impl Strategy<Value = String> {
        let segment = "[^/\\\\\\pC]{1,20}".prop_filter("dots", |text| text != "." && text != "..");
        proptest::collection::vec(segment, 1..6)
            .prop_map(|segments| segments.join("/"))
            .prop_filter("length", |name| name.len() <= NAME_LIMIT)
    }

    proptest! {
        #[test]
        fn an_address_leads_back_to_its_object(name in object_names(), tail in "([?#].*)?") {
            for addresses in [google(), cdn()] {
                let path = ObjectPath::new(name.clone());
                let url = addresses.url(&path);
                prop_assert!(url.is_ascii());
                prop_assert_eq!(addresses.path(&(url + &tail)), Some(path));
            }
        }

        #[test]
        fn an_accepted_address_has_one_spelling_and_no_way_out(rest in "[a-z./%0-9?#\\\\@:]{0,30}") {
            let url = format!("https://storage.googleapis.com/media{rest}");
            if let Some(path) = google().path(&url) {
                prop_assert_eq!(google().path(&google().url(&path)), Some(path.clone()));
                for segment in path.as_str().split('/') {
                    prop_assert!(!matches!(segment, "" | "." | ".."));
                }
            }
        }
    }
}
