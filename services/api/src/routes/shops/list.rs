//! All shops.

use avvivo_app::shops::read;
use avvivo_domain::{identity::Caller, shops::lists};
use avvivo_http_kit::{CacheNotice, Caller as SignedIn, Problem, QueryParams, cache::Param};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{listed, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many. Everybody gets all of them unless they say, and at most 500 when they do; shops and administrators get at
    /// most `SHOPS_MAX_LIMIT`.
    #[param(value_type = Option<u32>, example = 120)]
    limit: Option<String>,
    /// How many are passed over.
    #[param(value_type = Option<u32>, example = 0)]
    offset: Option<String>,
}

/// All shops, by name
///
/// Everybody sees the shops that are open and checked; shops and administrators see all of them.
#[utoipa::path(
    get,
    path = "/shops",
    operation_id = "list_shops",
    tag = "shops",
    params(Page),
    responses(
        (status = 200, description = "The shops", body = [ShopView]),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    caller: Option<SignedIn<Caller>>,
    notice: CacheNotice,
    QueryParams(query): QueryParams<Page>,
) -> Result<Response, Problem> {
    let viewer = viewer(caller.as_ref()).in_lists();
    let (limit, offset) = (query.limit.as_deref(), query.offset.as_deref());
    let page = lists::list_page(viewer, limit, offset, state.shops.private_max);
    let compute = || async {
        let found = read::list(&state.deps, viewer, page).await?;
        Ok::<_, Problem>(ShopView::all(viewer, &found))
    };
    let key = (!viewer.lists_all()).then(|| {
        [
            page.limit.map_or(Param::Absent, Param::from),
            page.offset.into(),
        ]
    });
    listed(&state, (notice, &state.rules.shops), key, compute).await
}
