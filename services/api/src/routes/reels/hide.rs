//! Taking a reel down.

use avvivo_app::reels::hide_reel;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ReelPath, views::OwnerReelView};
use crate::{routes::ProblemView, state::ApiState};

/// Hides a reel
///
/// For its owner and administrators. One that is still being rendered stays hidden when that is done.
#[utoipa::path(
    post,
    path = "/reels/{id}/hide",
    operation_id = "hide_reel",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The reel, hidden", body = OwnerReelView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Another shop's reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ReelPath>,
) -> Result<Reply<OwnerReelView>, Problem> {
    let hidden = hide_reel::run(&state.deps, &caller, path.id()?).await?;
    Ok(Reply::ok(OwnerReelView::at(state.deps.clock.now(), hidden)))
}
