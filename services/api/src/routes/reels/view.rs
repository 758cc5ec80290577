//! Somebody saw a reel.

use avvivo_app::reels::record_view;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use avvivo_kernel::{AccountId, ReelId, time::to_wire};
use avvivo_postgres::views::Recorded;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ReelPath;
use crate::{routes::ProblemView, state::ApiState};

/// A view; the first is answered without `id` and `seenAt`, as it always was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelViewed)]
pub(crate) struct ViewedView {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[schema(value_type = uuid::Uuid)]
    reel_id: ReelId,
    #[schema(value_type = uuid::Uuid)]
    user_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<String>,
}

/// Counts a view
///
/// Once an account and reel, however often it is said.
#[utoipa::path(
    post,
    path = "/reels/{id}/view",
    operation_id = "view_reel",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Counted, now or earlier", body = ViewedView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ReelPath>,
) -> Result<Reply<ViewedView>, Problem> {
    let reel_id = path.id()?;
    let earlier = match record_view::run(&state.deps, &caller, reel_id).await? {
        Recorded::Again(earlier) => Some(earlier),
        Recorded::First | Recorded::NoSuchReel => None,
    };
    Ok(Reply::ok(ViewedView {
        id: earlier.map(|view| view.id),
        reel_id,
        user_id: caller.account_id,
        seen_at: earlier.map(|view| to_wire(view.seen_at)),
    }))
}
