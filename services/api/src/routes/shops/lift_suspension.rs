//! Letting a shop schedule again.

use avvivo_app::shops::moderate_shop::{self, Verdict};
use avvivo_domain::shops::view::Viewer;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{ShopPath, refused, views::ShopView};
use crate::{caller::Administrator, routes::ProblemView, state::ApiState};

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
        (status = 409, description = "The shop was thrown out, or another has its name by now", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Administrator(admin)): Require<Administrator>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ShopView>, Problem> {
    let verdict = Verdict::LiftSuspension;
    let shop = moderate_shop::run(&state.deps, &admin, path.id()?, verdict)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::written(Viewer::Admin, &shop)))
}
