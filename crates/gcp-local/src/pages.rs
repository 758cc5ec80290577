//! What pages in browsers may not ask for.
//!
//! Whoever reaches the port may do everything, and a browser on the same machine reaches it for
//! every page it shows. A page may send a form or a text anywhere without asking first, and would so
//! have tasks and pushes signed with a token of its choice. Programs never say which page they speak
//! for; browsers do, and pages cannot make them keep it to themselves.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{HeaderName, ORIGIN};

use crate::wire::{ApiError, Code};

/// Who asks, in a browser's words. `none` is a person who typed the address.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A layer for routes that are for programs alone: objects and upload sessions are for pages, too.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    if is_from_a_page(request.headers()) {
        let why = "Pages in browsers may read and upload objects, nothing else.";
        return ApiError::new(Code::PermissionDenied, why).into_response();
    }
    next.run(request).await
}

fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
        || headers
            .get(SEC_FETCH_SITE)
            .is_some_and(|site| site != "none")
}
