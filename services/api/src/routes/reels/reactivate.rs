//! Putting a reel back.

use avvivo_app::reels::reactivate_reel;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{ReelPath, views::OwnerReelView};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Puts a reel back into the feed
///
/// For administrators. Only a reel that was rendered can be shown; one whose day is over gets another.
#[utoipa::path(
    post,
    path = "/reels/{id}/reactivate",
    operation_id = "reactivate_reel",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The reel, active", body = OwnerReelView),
        (status = 400, description = "It was never rendered", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    _: Require<Admin>,
    PathParams(path): PathParams<ReelPath>,
) -> Result<Reply<OwnerReelView>, Problem> {
    let back = reactivate_reel::run(&state.deps, path.id()?).await?;
    Ok(Reply::ok(OwnerReelView::at(state.deps.clock.now(), back)))
}
