//! The page of a live.

use avvivo_app::share;
use avvivo_http_kit::{CacheNotice, PathParams};
use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::{SharePath, page};
use crate::{routes::ProblemView, state::ApiState};

/// A live, for those with whom it is shared
///
/// Open Graph tags with the picture of its shop; then on into the app, whatever became of it.
#[utoipa::path(
    get,
    path = "/share/streams/{id}",
    operation_id = "share_stream",
    tag = "share",
    params(("id" = String, Path, description = "The live")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is none, as a page", body = String, content_type = "text/html"),
        (status = 503, description = "The database is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    PathParams(path): PathParams<SharePath>,
    notice: CacheNotice,
) -> Response {
    let find = async |id: Uuid| share::stream(&state.deps, &state.pages.links, id.into()).await;
    let found = page::find(&state, (notice, &state.rules.shared_stream), &path.id, find).await;
    page::answer(found, "Vivo no encontrado")
}
