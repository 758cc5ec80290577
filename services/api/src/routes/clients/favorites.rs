//! The shops a buyer keeps.

use avvivo_app::clients::{add_favorite, read, remove_favorite};
use avvivo_domain::clients::ClientError;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use avvivo_kernel::ShopId;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Items, refused, views::FavoriteView};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// The shop in a path. What cannot be an id names none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShopPath {
    shop_id: String,
}

/// All that a buyer keeps, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FavoriteIds)]
pub(crate) struct IdsView {
    #[schema(value_type = Vec<uuid::Uuid>)]
    favorites: Vec<ShopId>,
}

/// The shops a buyer keeps
///
/// The newest 50, in whatever state they are.
#[utoipa::path(
    get,
    path = "/clients/me/favorites",
    operation_id = "list_favorites",
    tag = "clients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shops", body = Items<FavoriteView>),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Reply<Items<FavoriteView>>, Problem> {
    let kept = read::favorites(&state.deps, account)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(Items::of(kept)))
}

/// Keeps a shop
///
/// Once, however often.
#[utoipa::path(
    post,
    path = "/clients/me/favorites/{shopId}",
    operation_id = "add_favorite",
    tag = "clients",
    params(("shopId" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All that the buyer keeps", body = IdsView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<IdsView>, Problem> {
    let shop = path.shop_id.parse();
    let shop = shop.map_err(|_: uuid::Error| refused(ClientError::ShopNotFound))?;
    let favorites = add_favorite::run(&state.deps, account, shop)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(IdsView { favorites }))
}

/// Keeps a shop no longer
///
/// Whether it was kept or not.
#[utoipa::path(
    delete,
    path = "/clients/me/favorites/{shopId}",
    operation_id = "remove_favorite",
    tag = "clients",
    params(("shopId" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All that the buyer keeps", body = IdsView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<IdsView>, Problem> {
    let favorites = remove_favorite::run(&state.deps, account, path.shop_id.parse().ok())
        .await
        .map_err(refused)?;
    Ok(Reply::ok(IdsView { favorites }))
}
