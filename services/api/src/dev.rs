//! Pages for those who develop: to try the chat with, and to read the mails. None is there in production.

mod chat;
mod mail;

use axum::{Router, response::IntoResponse as _, routing::get};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::config::Config;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type, text.
type Part = (&'static str, &'static str, &'static str);

/// The pages that there are here.
pub(crate) fn router(config: &Config) -> Router {
    chat::router(config.dev.people_file.as_deref())
        .merge(mail::router(config.outside.mail.mailbox()))
}

/// The parts of a page, under a content security policy.
fn parts(parts: impl IntoIterator<Item = Part>, policy: &'static str) -> Router {
    let serve = |router: Router, (path, kind, text): Part| {
        let part = async move || {
            let headers = [
                (CONTENT_TYPE, kind),
                (CONTENT_SECURITY_POLICY, policy),
                (CACHE_CONTROL, "no-cache"),
            ];
            (headers, text).into_response()
        };
        router.route(path, get(part))
    };
    parts.into_iter().fold(Router::new(), serve)
}
