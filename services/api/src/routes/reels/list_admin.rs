//! All reels, for administrators.

use avvivo_app::reels::read;
use avvivo_http_kit::{Problem, QueryParams, Reply, Require};
use avvivo_kernel::{ErrorKind, ReelId, Timestamp};
use axum::{extract::State, response::IntoResponse};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use http::HeaderValue;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::OwnerReelView;
use crate::{
    caller::Admin,
    routes::{ProblemView, lenient},
    state::ApiState,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many: 500 unless said, from 1 to 1000.
    #[param(value_type = Option<u32>, example = 500)]
    limit: Option<String>,
    /// Where to go on: the `X-Next-Cursor` of the page before.
    cursor: Option<String>,
}

/// All reels
///
/// Of every shop and in every status, newest first. A page ends early when its reels are large. One that more may follow
/// answers `X-Next-Cursor` for the next one.
#[utoipa::path(
    get,
    path = "/reels/admin",
    operation_id = "list_all_reels",
    tag = "reels",
    params(Page),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of reels", body = [OwnerReelView],
            headers(("X-Next-Cursor" = String, description = "Where the next page begins"))),
        (status = 400, description = "The cursor is not one of ours", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin): Require<Admin>,
    QueryParams(query): QueryParams<Page>,
) -> Result<impl IntoResponse, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 500, 1..=1000);
    let before = match query.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => Some(decode(cursor).ok_or_else(bad_cursor)?),
        None => None,
    };
    let found = read::all(&state.deps, before, limit.into()).await?;
    let next = found
        .reels
        .last()
        .filter(|_| found.more)
        .map(|last| encode(last.reel.created_at, last.reel.id));
    let next = next.and_then(|cursor| HeaderValue::try_from(cursor).ok());
    let now = state.deps.clock.now();
    let views: Vec<_> = found
        .reels
        .into_iter()
        .map(|found| OwnerReelView::at(now, found))
        .collect();
    let mut response = Reply::ok(views).into_response();
    if let Some(next) = next {
        response.headers_mut().insert("x-next-cursor", next);
    }
    Ok(response)
}

fn encode(created_at: Timestamp, id: ReelId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{id}", created_at.timestamp_micros()))
}

fn decode(cursor: &str) -> Option<(Timestamp, ReelId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (micros, id) = text.split_once('.')?;
    Some((
        DateTime::from_timestamp_micros(micros.parse().ok()?)?,
        id.parse().ok()?,
    ))
}

fn bad_cursor() -> Problem {
    let message = "No pudimos continuar el listado. Empezá de nuevo.";
    Problem::new(ErrorKind::Invalid, "request.bad_cursor", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_and_nonsense_does_not() {
        let at: Timestamp = "2026-03-10T12:00:00.123456Z".parse().unwrap();
        let id = ReelId::from(uuid::Uuid::from_u128(7));
        assert_eq!(decode(&encode(at, id)), Some((at, id)));
        for nonsense in ["", "%", "AAAA", "MS4x"] {
            assert_eq!(decode(nonsense), None, "{nonsense}");
        }
    }
}
