//! Keeping a shop from scheduling.

use avvivo_app::shops::suspend_agenda;
use avvivo_domain::shops::{agenda::SuspensionDays, view::Viewer};
use avvivo_http_kit::{JsonBody, PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{
    ShopPath,
    body::{Body, reason},
    refused,
    views::ShopView,
};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Suspends a shop's agenda
///
/// For administrators. What it announced for that time is moved behind it, by whole weeks.
#[utoipa::path(
    post,
    path = "/shops/{id}/suspend-agenda",
    operation_id = "suspend_shop_agenda",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "For how long, 7 days unless said, and why", example = json!({"days": 7, "reason": "Reportes validados"})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "Not a number of days above 0 and up to 365, or not a reason", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "The shop was thrown out, or another has its name by now", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let days = SuspensionDays::read(body.get("days")).map_err(refused)?;
    let reason = reason(&body).map_err(refused)?;
    let shop = suspend_agenda::run(&state.deps, &admin, path.id()?, (days, reason))
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(Viewer::Admin, &shop)))
}
