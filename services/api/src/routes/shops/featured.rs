//! The shops of the front page.

use avvivo_app::shops::read;
use avvivo_domain::{identity::Caller, shops::lists};
use avvivo_http_kit::{CacheNotice, Caller as SignedIn, Problem, QueryParams};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{listed, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How many: `FEATURED_DEFAULT_LIMIT` unless said, at most `FEATURED_MAX_LIMIT`.
    #[param(value_type = Option<u32>, example = 40)]
    limit: Option<String>,
}

/// The featured shops
///
/// A window in the order of names that moves on every hour, of the shops that everybody sees.
#[utoipa::path(
    get,
    path = "/shops/featured",
    operation_id = "list_featured_shops",
    tag = "shops",
    params(Asked),
    responses(
        (status = 200, description = "The shops of this hour", body = [ShopView]),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    caller: Option<SignedIn<Caller>>,
    notice: CacheNotice,
    QueryParams(query): QueryParams<Asked>,
) -> Result<Response, Problem> {
    let viewer = viewer(caller.as_ref()).in_lists();
    let (default, max) = (state.shops.featured_default, state.shops.featured_max);
    let limit = lists::featured_limit(query.limit.as_deref(), default, max);
    let compute = || async {
        let found = read::featured(&state.deps, viewer, limit).await?;
        Ok::<_, Problem>(ShopView::all(viewer, &found))
    };
    let key = (!viewer.lists_all()).then(|| [limit.into()]);
    listed(&state, (notice, &state.rules.featured), key, compute).await
}
