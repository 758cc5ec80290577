//! One shop.

use avvivo_app::shops::read;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ShopPath, refused, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

/// A shop
///
/// One that is not open and checked only for its owner and administrators.
#[utoipa::path(
    get,
    path = "/shops/{id}",
    operation_id = "get_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    caller: Option<SignedIn<Caller>>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ShopView>, Problem> {
    let viewer = viewer(caller.as_ref());
    let found = read::one(&state.deps, viewer, path.id()?)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(viewer, &found)))
}
