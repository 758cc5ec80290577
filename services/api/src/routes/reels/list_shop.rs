//! A shop's own reels.

use avvivo_app::reels::read;
use avvivo_domain::identity::AccessError;
use avvivo_http_kit::{PathParams, Problem, QueryParams, Reply, Require};
use avvivo_kernel::ShopId;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::ReelView;
use crate::{
    caller::Publisher,
    routes::{ProblemView, lenient},
    state::ApiState,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many: 120 unless said, from 10 to 200.
    #[param(value_type = Option<u32>, example = 120)]
    limit: Option<String>,
}

/// A shop's reels
///
/// In every status, newest first, for the shop's owner and administrators.
#[utoipa::path(
    get,
    path = "/reels/shop/{shopId}",
    operation_id = "list_shop_reels",
    tag = "reels",
    params(("shopId" = String, Path, description = "The shop"), Page),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop's reels", body = [ReelView]),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Publisher(caller)): Require<Publisher>,
    PathParams(shop): PathParams<String>,
    QueryParams(query): QueryParams<Page>,
) -> Result<Reply<Vec<ReelView>>, Problem> {
    let limit = lenient::limit(query.limit.as_deref(), 120, 10..=200);
    let found = match shop.parse::<ShopId>() {
        Ok(shop) => read::of_shop(&state.deps, &caller, shop, limit.into()).await?,
        // No shop has such an id, so it has no reels; and it is nobody's own.
        Err(_) if caller.is_admin() => Vec::new(),
        Err(_) => return Err(AccessError::NotYours.into()),
    };
    Ok(Reply::ok(ReelView::all(state.deps.clock.now(), found)))
}
