//! Letting a shop in, turning it away, and letting it schedule again.

use avvivo_app::shops::moderate_shop::{self, Verdict};
use avvivo_domain::{identity::Caller, shops::view::Viewer};
use avvivo_http_kit::{JsonBody, PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{
    ShopPath,
    body::{Body, reason},
    refused,
    views::ShopView,
};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Lets a shop in
///
/// For administrators. Its owner may sign in, if it was the shop that kept them from it.
#[utoipa::path(
    post,
    path = "/shops/{id}/activate",
    operation_id = "activate_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "Why, if that is to be said", example = json!({"reason": "Datos verificados"})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "A field cannot be meant", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has its name by now", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn activate(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let reason = reason(&body).map_err(refused)?;
    decide(&state, &admin, &path, Verdict::Activate { reason }).await
}

/// Turns a shop away
///
/// For administrators. Its owner may no longer sign in.
#[utoipa::path(
    post,
    path = "/shops/{id}/reject",
    operation_id = "reject_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "Why, if that is to be said", example = json!({"reason": "El CUIT es de otra tienda"})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "A field cannot be meant", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reject(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let reason = reason(&body).map_err(refused)?;
    decide(&state, &admin, &path, Verdict::Reject { reason }).await
}

/// Lifts the suspension of a shop's agenda
///
/// For administrators. A shop that was thrown out stays out.
#[utoipa::path(
    post,
    path = "/shops/{id}/lift-suspension",
    operation_id = "lift_shop_suspension",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "The shop was thrown out, or another has its name by now", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn lift_suspension(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ShopView>, Problem> {
    decide(&state, &admin, &path, Verdict::LiftSuspension).await
}

async fn decide(
    state: &ApiState,
    admin: &Caller,
    path: &ShopPath,
    verdict: Verdict,
) -> Result<Reply<ShopView>, Problem> {
    let shop = moderate_shop::run(&state.deps, admin, path.id()?, verdict)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(Viewer::Admin, &shop)))
}
