//! The rotating showcase.

use avvivo_app::reels::read;
use avvivo_domain::reels::showcase::hour_key;
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
    /// How many: 6 unless said, from 1 to 24.
    #[param(value_type = Option<u32>, example = 6)]
    limit: Option<String>,
}

/// A showcase of reels
///
/// Reels of every age, the youngest first within ages, in an order that changes each hour.
#[utoipa::path(
    get,
    path = "/reels/showcase",
    operation_id = "show_reels",
    tag = "reels",
    params(Page),
    responses(
        (status = 200, description = "The showcase of this hour", body = [ReelView]),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    notice: CacheNotice,
    QueryParams(query): QueryParams<Page>,
) -> Result<CacheReply, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 6, 1..=24);
    let now = state.deps.clock.now();
    let hour: u64 = hour_key(now)
        .chars()
        .filter_map(|c| c.to_digit(10))
        .fold(0, |sum, digit| {
            // Ten digits at most: the hour is part of the key, so that the order turns on time.
            sum * 10 + u64::from(digit)
        });
    let compute = || async {
        let found = read::showcase(&state.deps, usize::try_from(limit).unwrap_or_default()).await?;
        Ok::<_, Problem>(ReelView::all(now, found))
    };
    state
        .cache
        .respond(
            notice,
            &state.rules.showcase,
            [limit.into(), hour.into()],
            compute,
        )
        .await
}
