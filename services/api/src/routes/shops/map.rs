//! The map.

use avvivo_app::shops::read;
use avvivo_domain::shops::map;
use avvivo_http_kit::{CacheNotice, CacheReply, Problem};
use axum::extract::State;

use super::map_view::MapRowView;
use crate::{routes::ProblemView, state::ApiState};

/// The shops on the map
///
/// Those that everybody sees, the same for everybody.
#[utoipa::path(
    get,
    path = "/shops/map-data",
    operation_id = "list_shops_on_map",
    tag = "shops",
    responses(
        (status = 200, description = "One row a shop", body = [MapRowView]),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    notice: CacheNotice,
) -> Result<CacheReply, Problem> {
    let compute = || async {
        let found = read::on_map(&state.deps).await?;
        let rows = found.iter().map(|listed| map::row(&listed.shop).into());
        Ok::<_, Problem>(rows.collect::<Vec<MapRowView>>())
    };
    let rule = &state.rules.map;
    state.cache.respond(notice, rule, [], compute).await
}
