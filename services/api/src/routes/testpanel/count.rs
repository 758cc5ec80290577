//! How much there is.

use avvivo_app::testpanel;
use avvivo_http_kit::{Problem, Reply, Require};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// How many there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestpanelCounts)]
pub(crate) struct CountsView {
    #[schema(example = 12)]
    streams: i64,
    #[schema(example = 40)]
    reels: i64,
    #[schema(example = 25)]
    shops: i64,
    /// Accounts.
    #[schema(example = 130)]
    users: i64,
    /// Of lives, by those who watch them. Nobody can report one yet.
    #[schema(example = 0)]
    reports: i64,
}

/// How much there is of everything
///
/// For administrators.
#[utoipa::path(
    get,
    path = "/testpanel",
    operation_id = "count_everything",
    tag = "testpanel",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How many there are", body = CountsView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    _: Require<Admin>,
) -> Result<Reply<CountsView>, Problem> {
    let counts = testpanel::count(&state.deps).await?;
    Ok(Reply::ok(CountsView {
        streams: counts.streams,
        reels: counts.reels,
        shops: counts.shops,
        users: counts.accounts,
        reports: 0,
    }))
}
