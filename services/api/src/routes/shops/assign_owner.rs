//! Giving a shop to somebody.

use avvivo_app::shops::assign_owner::{self, Nominee};
use avvivo_domain::{
    fields::Fields,
    shops::{ShopError, view::Viewer},
    text::MAX_NAME_CHARS,
};
use avvivo_http_kit::{JsonBody, PathParams, Problem, Reply, Require};
use axum::extract::State;

use super::{ShopPath, body::Body, refused, views::ShopView};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// Gives a shop to somebody who has signed in
///
/// For administrators. Who had it is released.
#[utoipa::path(
    post,
    path = "/shops/{id}/assign-owner",
    operation_id = "assign_shop_owner",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    request_body(content = Object, description = "Whose it becomes: `authUserId` counts before `email`", example = json!({"email": "ventas@lunaazul.com.ar"})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The shop", body = ShopView),
        (status = 400, description = "Nobody has signed in as that, or they may not own it", body = ProblemView, content_type = "application/problem+json"),
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
    let nominee = nominee(&body).map_err(refused)?;
    let shop = assign_owner::run(&state.deps, &admin, path.id()?, &nominee)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ShopView::of(Viewer::Admin, &shop)))
}

/// An id that cannot be one is nobody's.
fn nominee(body: &Body) -> Result<Nominee, ShopError> {
    let text = |field| {
        let typed = Fields::of(body).text(field, MAX_NAME_CHARS)?;
        Ok::<_, ShopError>(typed.value())
    };
    Ok(Nominee {
        account: text("authUserId")?.and_then(|id| id.parse().ok()),
        email: text("email")?.map(|email| email.to_lowercase()),
    })
}
