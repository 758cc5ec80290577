//! A page to try the chat with: two tabs, two people. It is for development, and not there where nobody named people to be.
//!
//! `/dev/chat` and its parts, and the people with their tokens. The page needs nothing else that clients do not have, too.

use std::{path::Path, sync::Arc};

use avvivo_http_kit::Problem;
use avvivo_kernel::ErrorKind;
use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type, text.
const PARTS: [(&str, &str, &str); 7] = [
    ("/dev/chat", HTML, include_str!("dev/chat.html")),
    ("/dev/chat/chat.css", STYLE, include_str!("dev/chat.css")),
    ("/dev/chat/chat.js", SCRIPT, include_str!("dev/chat.js")),
    (
        "/dev/chat/session.js",
        SCRIPT,
        include_str!("dev/session.js"),
    ),
    ("/dev/chat/view.js", SCRIPT, include_str!("dev/view.js")),
    ("/dev/chat/rest.js", SCRIPT, include_str!("dev/rest.js")),
    (
        "/dev/chat/avvivo-realtime.js",
        SCRIPT,
        include_str!("../../realtime-gateway/client/avvivo-realtime.js"),
    ),
];

/// The page's own scripts and styles only; pictures of messages are in the object store.
const POLICY: &str = "default-src 'self'; img-src 'self' data: http: https:";

/// The page, for the people that a file names. Without a file there is nothing.
pub(crate) fn router(people_file: Option<&str>) -> Router {
    let Some(file) = people_file else {
        return Router::new();
    };
    let file: Arc<Path> = Path::new(file).into();
    let people = async move || people(&file).await;
    PARTS.into_iter().fold(
        Router::new().route("/dev/chat/people.json", get(people)),
        |router, (path, kind, text)| router.route(path, get(async move || part(kind, text))),
    )
}

fn part(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// Read again each time: the tokens are new at each start of the platform, which outlives this process or not.
async fn people(file: &Path) -> Result<Response, Problem> {
    let people = tokio::fs::read(file).await.map_err(|error| {
        tracing::warn!(%error, "the people to be cannot be read");
        let message = "La plataforma todavía está arrancando. Recargá la página en unos segundos.";
        Problem::new(ErrorKind::Unavailable, "dev.no_people", message)
    })?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, people).into_response())
}
