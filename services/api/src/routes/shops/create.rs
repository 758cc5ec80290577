//! Making a shop.

use avvivo_app::shops::create_shop;
use avvivo_domain::shops::{create::NewShop, view::Viewer};
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use axum::extract::State;

use super::{body::Body, refused, views::ShopView};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Makes a shop
///
/// For administrators. Makes an account for its owner, or takes the one that has its e-mail.
#[utoipa::path(
    post,
    path = "/shops",
    operation_id = "create_shop",
    tag = "shops",
    request_body(
        content = Object,
        description = "`name` is required. `password` and unknown fields are ignored",
        example = json!({
            "name": "Luna Azul", "email": "ventas@lunaazul.com.ar", "plan": "PREMIUM", "status": "ACTIVE",
            "cuit": "30-71234567-1", "razonSocial": "Luna Azul SRL", "minimumPurchase": 60000,
            "paymentMethods": ["Efectivo"], "socialHandles": {"instagram": "lunaazul.ok"},
            "whatsappLines": [{"label": "Ventas", "number": "+5491144440101"}],
            "addressDetails": {"street": "Cuenca", "number": "612", "city": "CABA", "province": "CABA", "zip": "1406"}
        })
    ),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The shop", body = ShopView),
        (status = 400, description = "A field cannot be meant", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has its name, slug, e-mail or CUIT", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    let request = NewShop::read(&body).map_err(refused)?;
    let shop = create_shop::run(&state.deps, &admin, request)
        .await
        .map_err(refused)?;
    Ok(Reply::created(ShopView::of(Viewer::Admin, &shop)))
}
