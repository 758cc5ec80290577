//! Changing a shop's data.

use avvivo_app::shops::edit_shop;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, JsonBody, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ShopPath, body::Body, refused, viewer, views::ShopView};
use crate::{routes::ProblemView, state::ApiState};

/// Changes a shop's data
///
/// For its owner, also while it waits to be let in, and administrators. Fields that are left out stay; those that only administrators
/// may write, such as name, status, plan and quotas, are ignored when an owner sends them.
#[utoipa::path(
    put,
    path = "/shops/{id}",
    operation_id = "edit_shop",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "What changes", example = json!({
            "email": "ventas@lunaazul.com.ar", "minimumPurchase": 60000, "paymentMethods": ["Efectivo"],
            "whatsappLines": [{"label": "Ventas", "number": "+5491144440101"}]
        })),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "A field cannot be meant", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has its name, e-mail or CUIT", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let shop = edit_shop::run(&state.deps, &caller, path.id()?, &body)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(
        viewer(Some(&SignedIn(caller))),
        &shop,
    )))
}
