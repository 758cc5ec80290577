//! Which web pages may call us.
//!
//! Written out rather than taken from a crate because the contract is not the usual one: a foreign origin is refused
//! outright instead of being answered without headers, and every OPTIONS request is a preflight.

use std::collections::HashSet;

use avvivo_kernel::ErrorKind;
use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_LENGTH, HOST,
        ORIGIN, VARY,
    },
};

use crate::Problem;

/// The pages that are ours, wherever we run.
const OWN_ORIGINS: [&str; 4] = [
    "http://localhost:5173",
    "https://avellaneda-en-vivo.web.app",
    "https://avellanedaenvivo.com.ar",
    "https://www.avellanedaenvivo.com.ar",
];

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// What page scripts may read besides the headers browsers always show.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag,Retry-After,X-Cache,X-Cache-Store,X-Next-Cursor,X-RateLimit-Remaining,X-RateLimit-Store,X-Realtime-Cursor,X-Request-Id",
);

/// The allow-list, matched to the letter.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: HashSet<Vec<u8>>,
}

/// What is to become of a request.
pub(crate) enum Admission {
    /// Go on. Holds the origin to echo, if there was one.
    Pass(Option<HeaderValue>),
    /// A preflight, answered here.
    Preflight(Response),
    /// A page we do not know.
    Refused(Problem),
}

impl Cors {
    /// Our own pages and those of `CORS_ORIGINS`: comma-separated, blanks around and between them dropped.
    pub fn new(more: &str) -> Self {
        let more = more
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty());
        Self {
            origins: OWN_ORIGINS
                .into_iter()
                .chain(more)
                .map(|o| o.as_bytes().to_vec())
                .collect(),
        }
    }

    /// All pages that may call: our own and `more`. For those who configure the same elsewhere, as on a bucket.
    pub fn origins(more: &[String]) -> Vec<String> {
        let own = OWN_ORIGINS.into_iter().map(str::to_owned);
        own.chain(more.iter().cloned()).collect()
    }

    pub(crate) fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Admission {
        let origin = headers.get(ORIGIN);
        let known = |origin: &HeaderValue| {
            self.origins.contains(origin.as_bytes()) || is_own_page(origin, uri, headers)
        };
        if origin.is_some_and(|origin| !known(origin)) {
            let message = "Esta página no tiene permiso para usar el servicio.";
            return Admission::Refused(Problem::new(
                ErrorKind::Forbidden,
                "cors.origin_refused",
                message,
            ));
        }
        if method == Method::OPTIONS {
            return Admission::Preflight(preflight(headers));
        }
        Admission::Pass(origin.cloned())
    }

    /// Marks an answer as readable by `origin`, and as depending on it.
    pub(crate) fn decorate(origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

fn preflight(request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.append(
        VARY,
        HeaderValue::from_static("Origin, Access-Control-Request-Headers"),
    );
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if let Some(origin) = request.get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

/// Whether the page was served by this very host, as the page with the documentation is. Browsers name the origin even
/// then, for everything but GET. HTTP/2 names the host in the address of the request, HTTP/1.1 in a header.
fn is_own_page(origin: &HeaderValue, uri: &Uri, headers: &HeaderMap) -> bool {
    let origin = origin.as_bytes();
    let host = origin
        .strip_prefix(b"http://")
        .or_else(|| origin.strip_prefix(b"https://"));
    let own = match uri.authority() {
        Some(authority) => Some(authority.as_str().as_bytes()),
        None => headers.get(HOST).map(HeaderValue::as_bytes),
    };
    host.is_some() && host == own
}
