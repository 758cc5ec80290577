//! An owner confirms the data.

use avvivo_app::shops::accept_shop;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ShopPath, refused, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

/// Confirms a shop's data
///
/// For its owner, also while it waits to be let in, and for administrators while it has none. A pending shop whose data is complete is
/// let in by that, unless its owner's address is not proven or not the one that was given when it registered, or an administrator
/// has said where it stands.
#[utoipa::path(
    post,
    path = "/shops/{id}/accept",
    operation_id = "accept_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "It has an owner, and that is not who confirms it", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "The owner of another shop, or of none", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ShopView>, Problem> {
    let shop = accept_shop::run(&state.deps, &caller, path.id()?)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(
        viewer(Some(&SignedIn(caller))),
        &shop,
    )))
}
