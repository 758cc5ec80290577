//! Turning a shop away.

use avvivo_app::shops::moderate_shop::{self, Verdict};
use avvivo_domain::shops::view::Viewer;
use avvivo_http_kit::{JsonBody, PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{
    ShopPath,
    body::{Body, reason},
    refused,
    views::ShopView,
};
use crate::{caller::Administrator, routes::ProblemView, state::ApiState};

/// Turns a shop away
///
/// For administrators. Its owner may no longer sign in.
#[utoipa::path(
    post,
    path = "/shops/{id}/reject",
    operation_id = "reject_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "Why, if that is to be said", example = json!({"reason": "Datos verificados"})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "A field cannot be meant", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has its name by now", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Administrator(admin)): Require<Administrator>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let reason = reason(&body).map_err(refused)?;
    let verdict = Verdict::Reject { reason };
    let shop = moderate_shop::run(&state.deps, &admin, path.id()?, verdict)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::written(Viewer::Admin, &shop)))
}
