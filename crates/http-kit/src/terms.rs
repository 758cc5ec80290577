//! On which terms a client takes an answer: only if it is news to it (RFC 9110, section 13.1.2), and compressed (12.5.3).

use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
    },
};

use crate::reply::Compressed;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// What a request says of the answer it wants.
pub(crate) struct Terms {
    /// Validators of what a GET or HEAD has already.
    known: Option<Vec<u8>>,
    /// Whether it is a GET that takes gzip.
    gzip: bool,
}

impl Terms {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let gets = method == Method::GET;
        let known = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .map(HeaderValue::as_bytes);
        let known = known.collect::<Vec<_>>().join(&b","[..]);
        Self {
            known: ((gets || method == Method::HEAD) && !known.is_empty()).then_some(known),
            gzip: gets && takes_gzip(headers),
        }
    }

    /// Answers 304 instead of a body that the client has, and the compressed form of one that has it.
    pub(crate) fn apply(&self, response: &mut Response) {
        let compressed = response.extensions_mut().remove::<Compressed>();
        if compressed.is_some() {
            response.headers_mut().append(VARY, BY_ENCODING);
        }
        if response.status() != StatusCode::OK {
            return;
        }
        let current = response.headers().get(ETAG).map(HeaderValue::as_bytes);
        let known = self.known.as_deref().zip(current);
        if known.is_some_and(|(known, tag)| names(known, tag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        } else if let Some(Compressed(bytes)) = compressed.filter(|_| self.gzip) {
            // The validator is a weak one: it stands for both forms.
            *response.body_mut() = Body::from(bytes);
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
        }
    }
}

/// Whether the list `known` has `tag`, compared weakly. Our tags contain no comma.
fn names(known: &[u8], tag: &[u8]) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    known.trim_ascii() == b"*"
        || known
            .split(|&byte| byte == b',')
            .any(|k| opaque(k) == opaque(tag))
}

/// Whether a client names gzip and does not refuse it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|q| q <= 0.0))
            });
            named && !refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_is_a_list_compared_weakly() {
        let tag = b"W/\"a-1\"";
        for yes in [
            "W/\"a-1\"",
            "\"a-1\"",
            "*",
            "\"x\", W/\"a-1\"",
            "\"x\",\"a-1\" ",
        ] {
            assert!(names(yes.as_bytes(), tag), "{yes}");
        }
        for no in ["W/\"a-2\"", "a-1", "\"*\"", ""] {
            assert!(!names(no.as_bytes(), tag), "{no}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_name_it() {
        for (told, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("*", false),
            ("xgzip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, told.parse().unwrap());
            assert_eq!(takes_gzip(&headers), takes, "{told}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
