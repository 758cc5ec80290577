//! One reel, for its owner.

use avvivo_app::reels::read;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ReelPath, views::OwnerReelView};
use crate::{routes::ProblemView, state::ApiState};

/// A reel
///
/// With its editor state, for its owner and administrators.
#[utoipa::path(
    get,
    path = "/reels/{id}",
    operation_id = "get_reel",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The reel", body = OwnerReelView),
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
    let found = read::one(&state.deps, &caller, path.id()?).await?;
    Ok(Reply::ok(OwnerReelView::at(state.deps.clock.now(), found)))
}
