//! A page as HTML.

use std::sync::LazyLock;

use askama::Template;
use avvivo_app::{AppError, share::Shared};
use avvivo_domain::share::{Page, SITE, picture_type};
use avvivo_http_kit::{
    CacheNotice, CacheReply, CacheRule, Problem, cache::Param, extract::not_found,
};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::state::ApiState;

const SCRIPT: &str = include_str!("../../../templates/share.js");
const STYLE: &str = include_str!("../../../templates/share.css");

/// The page's own script and style, known by their hashes, and nothing else: no name of a shop becomes more than text.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    // Base64 and words are all that is in it; a page without any right is what is left otherwise.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

#[derive(Template)]
#[template(path = "share.html")]
struct Html<'a> {
    page: &'a Page,
    picture: &'a str,
    picture_type: &'a str,
    site: &'a str,
    style: &'a str,
    script: &'a str,
}

/// The page of what this id names, kept as the rule says; an id that cannot be one names nothing.
pub(super) async fn find(
    state: &ApiState,
    (notice, rule): (CacheNotice, &CacheRule),
    id: &str,
    find: impl AsyncFnOnce(Uuid) -> Result<Option<Shared>, AppError>,
) -> Result<CacheReply, Problem> {
    let id: Uuid = id.parse().map_err(|_: uuid::Error| not_found())?;
    let render = async || render(find(id).await?);
    let params = [Param::Id(id)];
    state.cache.respond_page(notice, rule, params, render).await
}

/// The HTML of a page; 404 where there is none.
fn render(shared: Option<Shared>) -> Result<String, Problem> {
    let Shared { page, picture } = shared.ok_or_else(not_found)?;
    let html = Html {
        page: &page,
        picture: &picture,
        picture_type: picture_type(&picture),
        site: SITE,
        style: STYLE,
        script: SCRIPT,
    };
    html.render().map_err(Problem::internal)
}

/// What a browser gets: the page, or a page that says `missing`.
pub(super) fn answer(found: Result<CacheReply, Problem>, missing: &'static str) -> Response {
    let mut response = match found {
        Ok(reply) => reply.into_response(),
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            let html = [(CONTENT_TYPE, "text/html; charset=utf-8")];
            (StatusCode::NOT_FOUND, html, missing).into_response()
        }
        Err(problem) => return problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    // Kept by whoever likes, and asked about each time: a reel is over within a day.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
