//! A page to try the chat with: two tabs, two people. It is not there where nobody named people to be.
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
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::{HTML, Part, SCRIPT, STYLE, parts};

const PARTS: [Part; 7] = [
    ("/dev/chat", HTML, include_str!("chat.html")),
    ("/dev/chat/chat.css", STYLE, include_str!("chat.css")),
    ("/dev/chat/chat.js", SCRIPT, include_str!("chat.js")),
    ("/dev/chat/session.js", SCRIPT, include_str!("session.js")),
    ("/dev/chat/view.js", SCRIPT, include_str!("view.js")),
    ("/dev/chat/rest.js", SCRIPT, include_str!("rest.js")),
    (
        "/dev/chat/avvivo-realtime.js",
        SCRIPT,
        include_str!("../../../realtime-gateway/client/avvivo-realtime.js"),
    ),
];

/// The page's own scripts and styles only; pictures of messages are in the object store.
const POLICY: &str = "default-src 'self'; img-src 'self' data: http: https:";

/// The page, for the people that a file names. Without a file there is nothing.
pub(super) fn router(people_file: Option<&str>) -> Router {
    let Some(file) = people_file else {
        return Router::new();
    };
    let file: Arc<Path> = Path::new(file).into();
    let people = async move || people(&file).await;
    parts(PARTS, POLICY).route("/dev/chat/people.json", get(people))
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
