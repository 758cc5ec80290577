//! Penalties of the old system.

use avvivo_http_kit::Require;
use axum::response::Response;

use crate::{
    caller::Admin,
    routes::{ProblemView, gone},
};

/// Penalises a shop, as old pages did
///
/// Gone: suspend its agenda instead.
#[utoipa::path(
    post,
    path = "/shops/{id}/toggle-penalty",
    operation_id = "toggle_shop_penalty",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 410, description = "Gone", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(_: Require<Admin>) -> Response {
    gone::answer(
        "shop.penalties_gone",
        "Las penalidades ya no existen. Suspendé la agenda de la tienda.",
    )
}
