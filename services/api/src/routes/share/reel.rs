//! The page of a reel.

use avvivo_app::share;
use avvivo_http_kit::{CacheNotice, PathParams};
use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::{SharePath, page};
use crate::{routes::ProblemView, state::ApiState};

/// A reel, for those with whom it is shared
///
/// Open Graph tags with its picture and, while it can be seen, its video; then on into the app. One that is hidden, expired or of a
/// shop that is out of sight leads nowhere by itself.
#[utoipa::path(
    get,
    path = "/share/reels/{id}",
    operation_id = "share_reel",
    tag = "share",
    params(("id" = String, Path, description = "The reel")),
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
    let find = async |id: Uuid| share::reel(&state.deps, &state.pages.links, id.into()).await;
    let found = page::find(&state, (notice, &state.rules.shared_reel), &path.id, find).await;
    page::answer(found, "Reel no encontrado")
}
