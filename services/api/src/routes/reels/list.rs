//! The public feed.

use avvivo_app::reels::read;
use avvivo_http_kit::{CacheNotice, CacheReply, Problem, QueryParams};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::ReelView;
use crate::{
    routes::{ProblemView, lenient},
    state::ApiState,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many: 80 unless said, from 10 to 120.
    #[param(value_type = Option<u32>, example = 80)]
    limit: Option<String>,
}

/// The reels of the feed
///
/// What is live now, newest first.
#[utoipa::path(
    get,
    path = "/reels",
    operation_id = "list_reels",
    tag = "reels",
    params(Page),
    responses(
        (status = 200, description = "The feed", body = [ReelView]),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    notice: CacheNotice,
    QueryParams(query): QueryParams<Page>,
) -> Result<CacheReply, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 80, 10..=120);
    let compute = || async {
        let found = read::feed(&state.deps, limit.into()).await?;
        Ok::<_, Problem>(ReelView::all(state.deps.clock.now(), found))
    };
    state
        .cache
        .respond(notice, &state.rules.feed, [limit.into()], compute)
        .await
}
