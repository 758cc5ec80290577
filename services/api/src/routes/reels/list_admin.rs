//! All reels, for administrators.

use avvivo_app::reels::read;
use avvivo_http_kit::{Problem, QueryParams, Reply, Require};
use avvivo_kernel::ReelId;
use axum::{extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::OwnerReelView;
use crate::{
    caller::Admin,
    routes::{ProblemView, cursor, lenient},
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
    _: Require<Admin>,
    QueryParams(query): QueryParams<Page>,
) -> Result<impl IntoResponse, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 500, 1..=1000);
    let before = cursor::read(query.cursor.as_deref())?;
    let before = before.map(|(at, id)| (at, ReelId::from(id)));
    let found = read::all(&state.deps, before, limit.into()).await?;
    let last = found
        .reels
        .last()
        .filter(|_| found.more)
        .map(|last| (last.reel.created_at, last.reel.id.as_uuid()));
    let now = state.deps.clock.now();
    let views: Vec<_> = found
        .reels
        .into_iter()
        .map(|found| OwnerReelView::at(now, found))
        .collect();
    Ok(cursor::write(Reply::ok(views).into_response(), last))
}
