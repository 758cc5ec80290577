//! Every way a signed URL can be wrong, with the time and the request under control.

use http::HeaderValue;

use super::*;

const NOW: &str = "2026-11-22T10:30:00Z";
const HOST: &str = "127.0.0.1";

struct Signed {
    account: ServiceAccount,
    _folder: tempfile::TempDir,
    headers: HeaderMap,
    query: String,
}

/// A PUT of `/media/a b.mp4`, signed at [`NOW`] for ten minutes with its content type.
fn signed() -> Signed {
    let folder = tempfile::tempdir().unwrap();
    let account = ServiceAccount::open(folder.path(), "p").unwrap();
    let credential = format!("{}/20261122/{SCOPE}", account.email());
    let credential = crate::storage::names::encode_segment(&credential);
    let query = format!(
        "X-Goog-Algorithm={ALGORITHM}&X-Goog-Credential={credential}&X-Goog-Date=20261122T103000Z\
         &X-Goog-Expires=600&X-Goog-SignedHeaders=content-type%3Bhost"
    );
    let canonical = format!(
        "PUT\n/media/a%20b.mp4\n{query}\ncontent-type:video/mp4\nhost:{HOST}\n\n\
         content-type;host\nUNSIGNED-PAYLOAD"
    );
    let hash = hex::encode(Sha256::digest(&canonical));
    let text = format!("{ALGORITHM}\n20261122T103000Z\n20261122/{SCOPE}\n{hash}");
    let signature = hex::encode(account.sign(text.as_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("video/mp4"));
    Signed {
        account,
        _folder: folder,
        headers,
        query: format!("{query}&X-Goog-Signature={signature}"),
    }
}

impl Signed {
    fn verify(
        &self,
        method: &Method,
        path: &str,
        seconds_later: i64,
    ) -> Result<(), SignatureError> {
        let hosts = ["other.example:80".to_owned(), HOST.to_owned()];
        let request = SignedRequest {
            method,
            path,
            query: &self.query,
            headers: &self.headers,
            hosts: &hosts,
        };
        let now: DateTime<Utc> = NOW.parse().unwrap();
        verify(
            request,
            &self.account,
            now + TimeDelta::seconds(seconds_later),
        )
    }

    fn verify_put(&self) -> Result<(), SignatureError> {
        self.verify(&Method::PUT, "/media/a b.mp4", 0)
    }
}

#[test]
fn what_was_signed_is_accepted() {
    assert_eq!(signed().verify_put(), Ok(()));
    assert!(is_signed(&signed().query));
    assert!(!is_signed("alt=media"));
}

#[test]
fn another_method_path_or_header_value_does_not_match() {
    let mut signed = signed();
    let mismatch = |outcome| matches!(outcome, Err(SignatureError::Mismatch { .. }));
    assert!(mismatch(signed.verify(&Method::GET, "/media/a b.mp4", 0)));
    assert!(mismatch(signed.verify(&Method::PUT, "/media/c.mp4", 0)));
    signed
        .headers
        .insert("content-type", HeaderValue::from_static("video/webm"));
    assert!(mismatch(signed.verify_put()));
}

#[test]
fn a_parameter_added_to_the_url_does_not_match() {
    let mut signed = signed();
    signed.query.push_str("&response-content-type=text%2Fhtml");
    assert!(matches!(
        signed.verify_put(),
        Err(SignatureError::Mismatch { .. })
    ));
}

#[test]
fn a_url_works_from_its_date_until_it_expires() {
    let signed = signed();
    let at = |seconds| signed.verify(&Method::PUT, "/media/a b.mp4", seconds);
    assert_eq!(at(-14 * 60), Ok(()));
    assert_eq!(at(-16 * 60), Err(SignatureError::NotYetValid));
    assert_eq!(at(600), Ok(()));
    assert!(matches!(at(601), Err(SignatureError::Expired { .. })));
}

#[test]
fn no_lifetime_is_longer_than_a_week() {
    let mut signed = signed();
    signed.query = signed.query.replace("Expires=600", "Expires=604801");
    let refused = signed.verify_put();
    assert!(
        matches!(
            refused,
            Err(SignatureError::Parameter {
                name: "X-Goog-Expires",
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn signed_headers_must_come_and_unsigned_extension_headers_must_not() {
    let mut signed = signed();
    signed
        .headers
        .insert("x-goog-acl", HeaderValue::from_static("public-read"));
    let name = "x-goog-acl".to_owned();
    assert_eq!(
        signed.verify_put(),
        Err(SignatureError::HeaderNotSigned { name })
    );
    signed.headers.clear();
    let name = "content-type".to_owned();
    assert_eq!(
        signed.verify_put(),
        Err(SignatureError::HeaderMissing { name })
    );
}

#[test]
fn a_stranger_is_not_a_signer() {
    let mut signed = signed();
    signed.query = signed.query.replace("gcp-local%40", "somebody%40");
    assert!(matches!(
        signed.verify_put(),
        Err(SignatureError::UnknownSigner { .. })
    ));
}
