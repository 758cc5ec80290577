//! Deleting a reel.

use avvivo_app::reels::delete_reel;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ReelPath, views::OwnerReelView};
use crate::{routes::ProblemView, state::ApiState};

/// Deletes a reel
///
/// For its owner and administrators. Answers what it was; its files are deleted a little later.
#[utoipa::path(
    delete,
    path = "/reels/{id}",
    operation_id = "delete_reel",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The reel as it was", body = OwnerReelView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Another shop's reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such reel", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ReelPath>,
) -> Result<Reply<OwnerReelView>, Problem> {
    let deleted = delete_reel::run(&state.deps, &caller, path.id()?).await?;
    Ok(Reply::ok(OwnerReelView::at(
        state.deps.clock.now(),
        deleted,
    )))
}
