//! Deleting a shop.

use avvivo_app::shops::delete_shop;
use avvivo_domain::shops::view::Viewer;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{ShopPath, refused, views::ShopView};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Deletes a shop
///
/// For administrators. Its lives, reels and purchases go with it; its owner's account and its conversations stay.
#[utoipa::path(
    delete,
    path = "/shops/{id}",
    operation_id = "delete_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ShopView>, Problem> {
    let shop = delete_shop::run(&state.deps, &admin, path.id()?)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(Viewer::Admin, &shop)))
}
